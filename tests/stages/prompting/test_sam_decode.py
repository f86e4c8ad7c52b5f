from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.errors import DataError
from harness.model import Grid
from harness.stages.nets.compute import choose
from harness.stages.prompting.network import TransformersSam
from harness.stages.prompting.sam_decode import SamDecode
from tests.stages.prompting.published import published_state
from tests.stages.prompting.scenes import TINY, context

pytest.importorskip("transformers", reason="the extra `prompting` is not installed")


def test_the_network_of_the_checkpoint_is_held(tmp_path: Path) -> None:
    path = tmp_path / "sam.pth"
    torch.save(published_state(TINY), path)
    stage = SamDecode({"weights": "sam"})
    stage.load(context(Grid("YX", (8, 8)), weights={"weights": path}))
    assert stage.held.spec == TINY
    assert stage.held.fingerprint == TransformersSam.load(path, choose("cpu", "float32", 2)).fingerprint


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "unet.pth"
    torch.save({"final_conv.weight": torch.zeros(2, 2, 1, 1)}, path)
    with pytest.raises(DataError, match=r"unet\.pth: no network of the SAM family"):
        SamDecode({"weights": "x"}).load(context(Grid("YX", (8, 8)), weights={"weights": path}))
