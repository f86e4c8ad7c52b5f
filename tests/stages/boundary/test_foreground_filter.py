from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import labels, make, probability, run

REGIONS = np.array([[4, 4, 7, 7, 0, 9]], dtype=np.uint16)
FOREGROUND = np.array([[0.75, 0.25, 0.25, 0.25, 1.0, 1.0]])


@pytest.mark.parametrize("target", ["labels", "superpixels"])
def test_regions_with_enough_foreground_stay(target: str) -> None:
    slots = {target: labels(REGIONS), "probability": probability(np.zeros((1, 6)), FOREGROUND)}
    for threshold, expected in [(0.5, [1, 1, 0, 0, 0, 2]), (0.25, [1, 1, 2, 2, 0, 3]), (0.95, [0, 0, 0, 0, 0, 1])]:
        made = run([make("foreground-filter", target=target, threshold=threshold)], slots)[target]
        assert made.array.tolist() == [expected]
        assert made.array.dtype == np.uint32


def test_nothing_and_everything() -> None:
    for value in (0.0, 1.0):
        slots = {"labels": labels(REGIONS), "probability": probability(np.zeros((1, 6)), np.full((1, 6), value))}
        made = run([make("foreground-filter")], slots)["labels"].array
        assert made.max() == (3 if value else 0)
    empty = {"labels": labels(np.zeros_like(REGIONS)), "probability": probability(np.zeros((1, 6)), FOREGROUND)}
    assert not run([make("foreground-filter")], empty)["labels"].array.any()


def test_probability_without_foreground_is_an_error() -> None:
    with pytest.raises(DataError, match="stage 'foreground-filter': the image has no channel 'foreground'"):
        run([make("foreground-filter")], {"labels": labels(REGIONS), "probability": probability(np.zeros((1, 6)))})
    with pytest.raises(DataError, match="different grids"):
        run([make("foreground-filter")], {"labels": labels(REGIONS), "probability": probability(np.zeros((1, 5)))})


def test_filter_stands_before_and_after_the_partitioning() -> None:
    pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")
    boundary = np.zeros((8, 24))
    boundary[:, [7, 15]] = 1
    foreground = np.repeat((np.arange(24) < 16)[np.newaxis].astype(float), 8, axis=0)
    chain = [
        make("dt-watershed", sigma_seeds=0.0, min_size=0),
        make("foreground-filter", target="superpixels"),
        make("gasp", edge_weights="mean", beta=0.6, post_minsize=0),
        make("foreground-filter"),
    ]
    made = run(chain, {"probability": probability(boundary, foreground)})["labels"].array
    assert made.max() == 2
    assert not made[:, 16:].any()
