from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import DataError
from harness.model import Grid
from harness.stages.prompting.decoding import Decoded
from harness.stages.prompting.sam_project import SamProject
from harness.stages.values import Features, Masks, Prompts
from tests.stages.prompting.scenes import Facts, context, run
from tests.stages.prompting.test_decoding import BoxPainter

GRID = Grid("ZYX", (6, 64, 64))


@dataclass
class Sees(BoxPainter):
    """Answers with a square that is in the features of some planes, wherever the box is; elsewhere with nothing."""

    def decode(self, features: torch.Tensor, points: Any, labels: Any, boxes: Any, *, several: bool) -> Decoded:
        square = features[0].repeat_interleave(8, 0).repeat_interleave(8, 1)
        one = torch.where(square > 0, 4.0, -4.0)
        return Decoded(one[None, None], torch.tensor([[0.8]]))


def volume(*planes: int) -> Features:
    array = np.zeros((6, 32, 8, 8), dtype=np.float32)
    for plane in planes:
        array[plane, 0, 2:5, 1:4] = 1
    return Features(array, GRID, {"planes": list(range(6)), "network": "painter"})


def carried(prompts: Prompts, features: Features, facts: Facts | None = None, **parameters: Any) -> Masks:
    stage = SamProject(parameters)
    stage.held = Sees()
    made = run(stage, {"features": features, "prompts": prompts}, context(GRID, facts=facts))
    assert isinstance(made, Masks)
    return made


def planes_of(masks: Masks) -> list[int]:
    return sorted(int(np.flatnonzero(masks.mask(number).any(axis=(1, 2)))[0]) for number in range(len(masks)))


BOX = Prompts.of(GRID, boxes={7: ((2, 10, 10), (3, 40, 40))})


def test_an_object_is_carried_as_far_as_it_is_seen() -> None:
    facts = Facts()
    made = carried(BOX, volume(1, 2, 3, 5), facts)
    assert planes_of(made) == [1, 2, 3], "plane 4 has nothing, and 5 lies behind it"
    assert set(made.objects.tolist()) == {7}
    assert facts.numbers == {"masks": 3, "objects": 1}


def test_planes_end_and_what_is_not_seen_is_no_object() -> None:
    assert planes_of(carried(BOX, volume(*range(6)))) == list(range(6))
    assert len(carried(BOX, volume(0, 1))) == 0


def test_a_mask_that_has_moved_too_far_is_another_object() -> None:
    features = volume(2)
    features.array[3, 0, 3:6, 2:5] = 1
    assert planes_of(carried(BOX, features)) == [2]
    assert planes_of(carried(BOX, features, least_overlap=0.2)) == [2, 3]


def test_a_point_starts_too_and_objects_are_carried_one_by_one() -> None:
    prompts = Prompts.of(GRID, boxes={7: ((2, 10, 10), (3, 40, 40))}, points=[(9, (4.5, 20, 20), True)])
    assert carried(prompts, volume(2, 4)).objects.tolist() == [7, 9]


def test_an_object_that_asks_twice_and_planes_that_are_not_encoded() -> None:
    twice = Prompts.of(GRID, boxes={7: ((2, 10, 10), (4, 40, 40))})
    with pytest.raises(DataError, match=r"object 7 asks on planes \[2, 3\]; accepted: one plane an object"):
        carried(twice, volume(2))
    some = Features(np.zeros((2, 32, 8, 8), np.float32), GRID, {"planes": [0, 3], "network": "painter"})
    with pytest.raises(DataError, match=r"planes \[0, 3\] are encoded; accepted: every plane"):
        carried(BOX, some)
