from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from harness.errors import DataError
from harness.model import Volume
from harness.stages.prompting.sam_decode import SamDecode
from harness.stages.prompting.sam_encode import SamEncode
from harness.stages.values import Features, Masks, Prompts
from tests.stages.prompting.published import published_state
from tests.stages.prompting.scenes import TINY, bright_discs, context, run

pytest.importorskip("transformers", reason="the extra `prompting` is not installed")


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "sam.pth"
    torch.save(published_state(TINY), path)
    return path


def encoded(image: Volume, checkpoint: Path) -> Features:
    settings = context(image.grid, weights={"weights": checkpoint})
    stage = SamEncode({"weights": "sam"})
    stage.load(settings)
    made = run(stage, {"image": image}, settings)
    assert isinstance(made, Features)
    return made


def test_any_checkpoint_of_the_layout_encodes_and_decodes(checkpoint: Path) -> None:
    array, _ = bright_discs()
    image = Volume(array, "YX")
    features = encoded(image, checkpoint)
    assert features.array.shape == (1, 32, 4, 4)
    settings = context(image.grid, weights={"weights": checkpoint})
    decode = SamDecode({"weights": "sam", "masks": "all"})
    decode.load(settings)
    prompts = Prompts.of(image.grid, boxes={1: ((5, 5), (25, 25))}, points=[(2, (30.5, 40.5), True)])
    made = run(decode, {"features": features, "prompts": prompts}, settings)
    assert isinstance(made, Masks)
    assert made.objects.tolist() == [1, 1, 1, 2, 2, 2]
    again = run(decode, {"features": features, "prompts": prompts}, settings)
    assert isinstance(again, Masks)
    np.testing.assert_array_equal(again.starts, made.starts)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(3, 2), (5, 70), (64, 64)])
def test_images_of_any_type_and_size_are_encoded(checkpoint: Path, kind: type, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    made = encoded(Volume((rng.random(shape) * 200).astype(kind), "YX"), checkpoint)
    assert np.isfinite(made.array).all()


def test_five_channels_are_an_error(checkpoint: Path) -> None:
    image = Volume(np.zeros((5, 8, 8), dtype=np.uint8), "CYX", channels=tuple("abcde"))
    with pytest.raises(DataError, match="stage 'sam-encode': the image has 5 channels"):
        encoded(image, checkpoint)
