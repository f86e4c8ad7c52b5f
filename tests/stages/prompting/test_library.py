"""Agreement with `segment-anything` called directly on the same weights, in an environment that has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import DataError
from harness.model import Volume
from harness.stages.nets.compute import choose
from harness.stages.prompting.decoding import Network, Rules
from harness.stages.prompting.library import LibrarySam
from harness.stages.prompting.pixels import as_rgb
from harness.stages.prompting.prompts_grid import grid_prompts
from harness.stages.prompting.stages import decode, encode
from harness.stages.values import Masks, Prompts
from tests.stages.prompting.published import published_state
from tests.stages.prompting.scenes import TINY, bright_discs

pytest.importorskip("torchvision", reason="torchvision is not here: `tox run -e sam-suite` has an environment for it")
pytest.importorskip("segment_anything", reason="the extra `sam` is not installed")
CPU = choose("cpu", "float32", 2)
LOOSE = {"pred_iou_thresh": -1000.0, "stability_score_thresh": 0.3, "box_nms_thresh": 0.9}
"""Thresholds of the automatic mode that random weights pass."""


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "sam.pth"
    torch.save(published_state(TINY, scale=0.2), path)
    return path


def image() -> Volume:
    array, _ = bright_discs((48, 64))
    return Volume(array, "YX")


def library(checkpoint: Path) -> Any:
    return LibrarySam.load(checkpoint, CPU).network


def masks(network: Network, prompts: Prompts, **rules: Any) -> Masks:
    features = encode(network, image(), (0,), "min-max", "here")
    return decode(network, features, prompts, Rules(**rules), "cpu", "here")


BOXES = Prompts.of(image().grid, boxes={1: ((5, 7), (23, 25)), 2: ((7, 37), (25, 55))})
POINT = Prompts.of(image().grid, points=[(1, (14.5, 16.5), True), (1, (16.5, 46.5), False)])


def test_boxes_give_the_masks_of_the_predictor_bit_for_bit(checkpoint: Path) -> None:
    from segment_anything import SamPredictor

    predictor = SamPredictor(library(checkpoint))
    predictor.set_image(as_rgb(image(), 0, "min-max", "here"))
    made = masks(LibrarySam.load(checkpoint, CPU), BOXES, batch=1)
    for number, (low, high) in enumerate(BOXES.boxes):
        wanted, score, _ = predictor.predict(box=np.array([*low[::-1], *high[::-1]]), multimask_output=False)
        np.testing.assert_array_equal(made.mask(number), wanted[0])
        assert made.scores[number] == score[0]


def test_points_give_the_masks_of_the_predictor_bit_for_bit(checkpoint: Path) -> None:
    from segment_anything import SamPredictor

    predictor = SamPredictor(library(checkpoint))
    predictor.set_image(as_rgb(image(), 0, "min-max", "here"))
    made = masks(LibrarySam.load(checkpoint, CPU), POINT, kept="all")
    wanted, scores, _ = predictor.predict(
        point_coords=np.array([[16, 14], [46, 16]]), point_labels=np.array([1, 0]), multimask_output=True
    )
    for number in range(3):
        np.testing.assert_array_equal(made.mask(number), wanted[number])
    assert made.scores.tolist() == scores.tolist()


def test_the_automatic_mode_gives_the_masks_of_the_generator_bit_for_bit(tmp_path: Path) -> None:
    from segment_anything import SamAutomaticMaskGenerator

    path = tmp_path / "decided.pth"
    torch.save(published_state(TINY, scale=0.7), path)  # logits far enough from 0 for masks to be stable
    generator = SamAutomaticMaskGenerator(library(path), points_per_side=8, points_per_batch=64, **LOOSE)
    wanted = generator.generate(as_rgb(image(), 0, "min-max", "here"))
    prompts = grid_prompts(image().grid, (0,), 8)
    made = masks(LibrarySam.load(path, CPU), prompts, kept="all", least_stability=0.3, nms=0.9)
    assert len(made) == len(wanted) > 10
    for number, one in enumerate(wanted):
        np.testing.assert_array_equal(made.mask(number), one["segmentation"])


def test_transformers_computes_the_same_up_to_rounding(checkpoint: Path) -> None:
    pytest.importorskip("transformers", reason="the extra `prompting` is not installed")
    from harness.stages.prompting.network import TransformersSam

    one, other = LibrarySam.load(checkpoint, CPU), TransformersSam.load(checkpoint, CPU)
    features = [encode(network, image(), (0,), "min-max", "here").array for network in (one, other)]
    np.testing.assert_allclose(features[0], features[1], atol=1e-4)
    for prompts, rules in ((BOXES, {}), (POINT, {"kept": "all"})):
        ours, theirs = masks(one, prompts, **rules), masks(other, prompts, **rules)
        np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-4)
        differ = sum(int((ours.mask(n) != theirs.mask(n)).sum()) for n in range(len(ours)))
        assert differ <= 5


def test_a_checkpoint_that_lacks_a_tensor_is_refused(checkpoint: Path) -> None:
    state = torch.load(checkpoint)
    del state["mask_decoder.iou_token.weight"]
    torch.save(state, checkpoint)
    with pytest.raises(DataError, match="does not fit 2 layers of 16 channels"):
        LibrarySam.load(checkpoint, CPU)
