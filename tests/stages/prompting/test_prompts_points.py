from __future__ import annotations

from typing import Any

import numpy as np

from harness.stages.prompting.prompts_points import PromptsPoints
from harness.stages.values import Prompts
from tests.stages.prompting.scenes import labels, prompts_of


def row_of_squares() -> np.ndarray:
    """Squares of 3x3 at columns 1, 6, 16 and 30."""
    array = np.zeros((5, 36), dtype=np.uint8)
    for number, column in enumerate((1, 6, 16, 30), start=1):
        array[1:4, column : column + 3] = number
    return array


def made(seed: int = 0, **parameters: Any) -> Prompts:
    return prompts_of(PromptsPoints(parameters), labels(row_of_squares()), seed=seed)


def outside(prompts: Prompts, name: int) -> list[int]:
    """The objects in which the negative points of an object lie."""
    array = row_of_squares()
    chosen = (prompts.point_objects == name) & (prompts.point_labels == 0)
    return [int(array[int(row), int(column)]) for row, column in prompts.points[chosen]]


def test_the_first_point_is_the_deepest_one() -> None:
    prompts = made()
    assert prompts.point_objects.tolist() == [1, 2, 3, 4]
    assert prompts.points.tolist() == [[2.5, 2.5], [2.5, 7.5], [2.5, 17.5], [2.5, 31.5]]
    assert prompts.point_labels.tolist() == [1, 1, 1, 1]


def test_further_points_lie_in_the_object_too() -> None:
    prompts, array = made(positives=4), row_of_squares()
    assert np.bincount(prompts.point_objects).tolist() == [0, 4, 4, 4, 4]
    inside = [array[int(row), int(column)] for row, column in prompts.points]
    assert inside == prompts.point_objects.tolist()
    assert len({tuple(point) for point in prompts.points.tolist()}) == 16
    assert len(made(positives=99).points) == 36, "an object has no more pixels"


def test_near_objects_hold_the_negative_points() -> None:
    assert [outside(made(negatives=1), name) for name in (1, 2, 3, 4)] == [[2], [1], [2], [3]]
    assert outside(made(negatives=2), 4) == [3, 2]
    assert outside(made(negatives=9), 1) == [2, 3, 4]


def test_random_objects_hold_them_and_a_seed_draws_them_again() -> None:
    drawn = [tuple(outside(made(seed, negatives=1, others="random"), 1)) for seed in range(20)]
    assert set(drawn) == {(2,), (3,), (4,)}
    again = [tuple(outside(made(seed, negatives=1, others="random"), 1)) for seed in range(20)]
    assert again == drawn


def test_an_object_that_is_alone_has_no_negative_points() -> None:
    array = np.where(row_of_squares() == 2, 2, 0)
    prompts = prompts_of(PromptsPoints({"negatives": 3}), labels(array))
    assert prompts.point_labels.tolist() == [1]


def test_points_of_a_volume_lie_in_their_planes() -> None:
    volume = np.stack([row_of_squares(), np.zeros((5, 36), dtype=np.uint8), row_of_squares()])
    prompts = prompts_of(PromptsPoints(), labels(volume))
    assert prompts.points[:, 0].tolist() == [0.5] * 4 + [2.5] * 4


def test_no_object_asks_for_nothing() -> None:
    prompts = prompts_of(PromptsPoints({"negatives": 2}), labels(np.zeros((4, 4), dtype=np.uint8)))
    assert prompts.points.shape == (0, 2)
