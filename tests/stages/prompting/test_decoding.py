"""Decoding with a network that answers by rule: what is asked of it, and what becomes of its answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import DataError
from harness.model import Grid
from harness.stages.prompting.decoding import (
    Decoded,
    Found,
    Rules,
    decode_plane,
    enlarged,
    groups,
    require_inside,
    stability,
)
from harness.stages.prompting.layout import SamSpec
from harness.stages.values import Prompts
from tests.stages.prompting.scenes import TINY

SPEC = replace(TINY, image_size=64, patch=8)
GRID = Grid("YX", (32, 64))


@dataclass
class BoxPainter:
    """Answers with the box (or a square of 8 pixels around the first point), three times with falling scores."""

    spec: SamSpec = SPEC
    fingerprint: str = "painter"
    asked: list[Any] = field(default_factory=list)

    def encode(self, image: np.ndarray) -> np.ndarray:
        return np.zeros((32, 8, 8), dtype=np.float32)

    def decode(
        self,
        features: torch.Tensor,
        points: torch.Tensor | None,
        labels: torch.Tensor | None,
        boxes: torch.Tensor | None,
        *,
        several: bool,
    ) -> Decoded:
        self.asked.append((points, labels, boxes, several))
        if boxes is None:
            assert points is not None
            boxes = torch.cat([points[:, 0] - 4, points[:, 0] + 4], dim=1)
        ticks = torch.arange(64) + 0.5
        inside = [
            ((ticks[:, None] > y0) & (ticks[:, None] < y1) & (ticks > x0) & (ticks < x1)) for x0, y0, x1, y1 in boxes
        ]
        one = torch.where(torch.stack(inside), 4.0, -4.0)
        count = 3 if several else 1
        scores = torch.tensor([0.5, 0.9, 0.7][:count]).expand(len(boxes), count)
        return Decoded(one[:, None].expand(-1, count, -1, -1), scores)


def found(prompts: Prompts, network: BoxPainter | None = None, plane: int = 0, **rules: Any) -> Found:
    return decode_plane(
        network or BoxPainter(), np.zeros((32, 8, 8), np.float32), prompts, plane, Rules(**rules), "cpu"
    )


BOXES = Prompts.of(GRID, boxes={5: ((4, 8), (12, 24)), 2: ((16, 40), (28, 60))})


def test_a_box_comes_back_as_its_mask() -> None:
    made = found(BOXES)
    assert made.objects.tolist() == [5, 2]
    for mask, ((top, left), (bottom, right)) in zip(made.masks, BOXES.boxes.astype(int), strict=True):
        wanted = np.zeros(GRID.shape, dtype=bool)
        wanted[top:bottom, left:right] = True
        np.testing.assert_array_equal(mask, wanted)


def test_images_of_any_size_are_scaled_to_the_input_and_back() -> None:
    for factor in (0.5, 2, 3):
        grid = Grid("YX", (int(32 * factor), int(64 * factor)))
        prompts = Prompts.of(grid, boxes={1: ((4 * factor, 8 * factor), (12 * factor, 24 * factor))})
        (mask,) = found(prompts).masks
        assert mask.shape == grid.shape
        assert mask.sum() == pytest.approx(8 * 16 * factor**2, rel=0.05)


def test_corners_and_points_are_given_in_x_and_y_of_the_input() -> None:
    network = BoxPainter()
    prompts = Prompts.of(Grid("YX", (16, 32)), boxes={1: ((2, 4), (6, 12))}, points=[(2, (3.5, 10.5), True)])
    found(prompts, network)
    (_, _, boxes, _), (points, labels, none, _) = network.asked
    assert boxes.tolist() == [[8, 4, 24, 12]]
    assert points.tolist() == [[[20, 6]]], "the centre of pixel 10 is index 10"
    assert labels.tolist() == [[1]]
    assert none is None


def test_prompts_of_one_kind_are_asked_together_and_never_padded() -> None:
    prompts = Prompts.of(
        GRID,
        boxes={1: ((0, 0), (4, 4)), 3: ((0, 0), (4, 4))},
        points=[
            (1, (1, 1), True),
            (4, (9, 9), True),
            (4, (1, 9), False),
            (5, (9, 1), True),
            (6, (9, 5), True),
            (6, (2, 5), False),
        ],
    )
    kinds = [
        (group.objects.tolist(), None if group.points is None else group.points.shape, group.boxes is not None)
        for group in groups(prompts, 0)
    ]
    assert kinds == [([3], None, True), ([1], (1, 1, 2), True), ([5], (1, 1, 2), False), ([4, 6], (2, 2, 2), False)]


def test_a_batch_bounds_how_many_prompts_are_decoded_at_once() -> None:
    prompts = Prompts.of(GRID, points=[(name, (8.5, 4 + 3 * name), True) for name in range(1, 8)])
    network = BoxPainter()
    made = found(prompts, network, batch=3)
    assert [len(points) for points, *_ in network.asked] == [3, 3, 1]
    assert made.objects.tolist() == list(range(1, 8))


def test_one_the_best_or_all_masks_are_kept() -> None:
    assert found(BOXES, kept="one").scores.tolist() == pytest.approx([0.5, 0.5])
    assert found(BOXES, kept="best").scores.tolist() == pytest.approx([0.9, 0.9])
    every = found(BOXES, kept="all")
    assert every.scores.tolist() == pytest.approx([0.5, 0.9, 0.7] * 2)
    assert every.objects.tolist() == [5, 5, 5, 2, 2, 2]


def test_poor_masks_are_dropped() -> None:
    assert found(BOXES, kept="all", least_score=0.6).scores.tolist() == pytest.approx([0.9, 0.7] * 2)
    assert len(found(BOXES, kept="all", least_score=0.95).masks) == 0
    assert len(found(BOXES, least_stability=0.9, offset=1.0).masks) == 2
    assert len(found(BOXES, least_stability=0.9, offset=5.0).masks) == 0, "nothing lies above +5: not a number"


def test_of_masks_that_overlap_the_best_one_stays() -> None:
    made = found(BOXES, kept="all", nms=0.7)
    assert made.scores.tolist() == pytest.approx([0.9, 0.9])
    assert sorted(made.objects.tolist()) == [2, 5]
    near = Prompts.of(GRID, boxes={1: ((4, 8), (12, 24)), 2: ((4, 9), (12, 25)), 3: ((4, 20), (12, 36))})
    assert sorted(found(near, nms=0.7).objects.tolist()) == [1, 3]
    assert sorted(found(near, nms=0.95).objects.tolist()) == [1, 2, 3]


def test_stability_by_hand() -> None:
    logits = torch.tensor([[[2.0, 0.5, -0.5, -2.0]], [[-3.0, -3.0, -3.0, -3.0]]])
    first, second = stability(logits, 1.0).tolist()
    assert first == pytest.approx(1 / 3)
    assert np.isnan(second)


def test_padding_is_cut_off_before_logits_reach_the_image() -> None:
    logits = torch.full((1, 1, 16, 16), -1.0)
    logits[..., :8, :] = 1.0
    assert (enlarged(logits, 64, (32, 64), (5, 9))[0, 0, :4] > 0).all()


def test_prompts_of_other_planes_are_left_alone() -> None:
    grid = Grid("ZYX", (3, 32, 64))
    prompts = Prompts.of(
        grid, boxes={1: ((0, 4, 8), (2, 12, 24))}, points=[(2, (1.5, 16.5, 40.5), True), (3, (2.5, 16.5, 40.5), True)]
    )
    assert [found(prompts, plane=plane).objects.tolist() for plane in range(3)] == [[1], [1, 2], [3]]


def test_prompts_outside_of_the_image_are_errors() -> None:
    require_inside(Prompts.of(GRID, boxes={1: ((0, 0), (32, 64))}, points=[(1, (32, 0), True)]), "here")
    with pytest.raises(DataError, match=r"here: box \[\[0.0, 0.0\], \[33.0, 4.0\]\] of object 1 lies outside"):
        require_inside(Prompts.of(GRID, boxes={1: ((0, 0), (33, 4))}), "here")
    with pytest.raises(DataError, match=r"here: point \[-1.0, 3.0\] of object 8 lies outside of the image"):
        require_inside(Prompts.of(GRID, points=[(8, (-1, 3), True)]), "here")


def test_nothing_asked_is_nothing_found() -> None:
    made = found(Prompts.of(GRID), nms=0.7)
    assert made.masks == []
    assert made.objects.size == 0
