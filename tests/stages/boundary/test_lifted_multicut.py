from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import labels, labels_of, make, probability, same_partition, walls

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")

STRIPES = np.repeat(np.repeat(np.array([[1, 2, 3]], dtype=np.uint32), 4, axis=1), 12, axis=0)


def made(
    boundary: np.ndarray, nuclei: np.ndarray, superpixels: np.ndarray = STRIPES, **parameters: object
) -> np.ndarray:
    slots = {
        "superpixels": labels(superpixels), "probability": probability(boundary), "nuclei": labels(nuclei)
    }  # fmt: skip
    return labels_of([make("lifted-multicut", post_minsize=0, **parameters)], slots)


def test_one_nucleus_joins_what_a_weak_wall_separates() -> None:
    boundary = np.where(STRIPES == 3, 0.8, 0.4)
    nuclei = np.where(STRIPES == 2, 0, 7).astype(np.uint16)
    assert made(boundary, np.zeros_like(STRIPES)).max() == 2
    assert made(boundary, nuclei).max() == 1
    assert made(boundary, nuclei, strength=0.1).max() == 2


def test_two_nuclei_separate_what_no_wall_does() -> None:
    boundary = np.full(STRIPES.shape, 0.4)
    nuclei = np.where(STRIPES == 2, 0, STRIPES)
    assert made(boundary, np.zeros_like(STRIPES)).max() == 1
    assert made(boundary, nuclei).max() == 2


def test_without_nuclei_it_is_the_multicut() -> None:
    boundary = walls((16, 64, 64), 12, seed=4)[0]
    slots = {"probability": probability(boundary)}
    superpixels = make("dt-watershed", sigma_seeds=0.5, min_size=0)
    plain = labels_of([superpixels, make("multicut", post_minsize=0)], slots)
    slots["nuclei"] = labels(np.zeros(boundary.shape, dtype=np.uint16))
    lifted = labels_of([superpixels, make("lifted-multicut", post_minsize=0)], slots)
    assert same_partition(plain, lifted)


@pytest.mark.parametrize("value", [0, 1])
def test_no_and_one_superpixel(value: int) -> None:
    superpixels = np.full((4, 4), value, dtype=np.uint32)
    assert (made(np.ones((4, 4)), superpixels, superpixels) == value).all()


def test_nuclei_of_another_shape_are_an_error() -> None:
    with pytest.raises(
        DataError, match=r"stage 'lifted-multicut': the inputs lie on different grids: .*nuclei \(3, 3\)"
    ):
        made(np.zeros(STRIPES.shape), np.zeros((3, 3), dtype=np.uint8))
