from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.model import Volume
from harness.stages.prompting.segment_anything_decode import SegmentAnythingDecode
from harness.stages.prompting.segment_anything_encode import SegmentAnythingEncode
from harness.stages.values import Features, Masks, Prompts
from tests.stages.prompting.published import published_state
from tests.stages.prompting.scenes import TINY, bright_discs, context, run


def test_the_stages_name_their_environment() -> None:
    for stage in (SegmentAnythingEncode, SegmentAnythingDecode):
        assert stage.extra == "sam"
        assert "torchvision" in stage.needs


def test_an_image_is_encoded_and_decoded_by_the_library(tmp_path: Path) -> None:
    pytest.importorskip("torchvision", reason="torchvision is not here: `tox run -e sam-suite` has it")
    pytest.importorskip("segment_anything", reason="the extra `sam` is not installed")
    torch.save(published_state(TINY), tmp_path / "sam.pth")
    array, _ = bright_discs()
    image = Volume(array, "YX")
    settings = context(image.grid, weights={"weights": tmp_path / "sam.pth"})
    encode, decode = SegmentAnythingEncode({"weights": "x"}), SegmentAnythingDecode({"weights": "x"})
    encode.load(settings)
    decode.load(settings)
    features = run(encode, {"image": image}, settings)
    assert isinstance(features, Features)
    prompts = Prompts.of(image.grid, boxes={3: ((5, 5), (25, 25))})
    made = run(decode, {"features": features, "prompts": prompts}, settings)
    assert isinstance(made, Masks)
    assert made.objects.tolist() == [3]
