from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.errors import DataError
from harness.model import Grid
from harness.stages.prompting.segment_anything_decode import SegmentAnythingDecode
from tests.stages.prompting.scenes import context


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save({"final_conv.weight": torch.zeros(2, 2, 1, 1)}, tmp_path / "unet.pth")
    settings = context(Grid("YX", (8, 8)), weights={"weights": tmp_path / "unet.pth"})
    with pytest.raises(DataError, match=r"unet\.pth: no network of the SAM family"):
        SegmentAnythingDecode({"weights": "x"}).load(settings)
