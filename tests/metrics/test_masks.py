from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import euler_number

from harness.metrics import METRICS, Pair
from harness.metrics.masks import interior, openness

KNOWN = {metric.id: metric for metric in METRICS}


def shell() -> np.ndarray:
    array = np.zeros((9, 9, 9), np.uint8)
    array[1:8, 1:8, 1:8] = 1
    array[2:7, 2:7, 2:7] = 0
    return array


def of(name: str, truth: np.ndarray, pred: np.ndarray) -> float:
    return KNOWN[name].of(Pair(truth, pred))


def test_a_hole_opens_the_whole_interior() -> None:
    truth = shell()
    assert of("mask.openness", truth, truth) == 0
    holed = truth.copy()
    holed[1, 4, 4] = 0
    assert of("mask.openness", truth, holed) == 1
    assert of("mask.euler.pred", truth, truth) == 2
    assert of("mask.euler.error", truth, holed) == abs(euler_number(holed, 3) - 2) == 1


def test_what_is_filled_is_closed() -> None:
    truth = shell()
    filled = np.zeros_like(truth)
    filled[1:8, 1:8, 1:8] = 1
    assert of("mask.openness", truth, filled) == 0
    assert of("mask.volume-ratio", truth, filled) == pytest.approx(343 / 218)


def test_a_volume_without_surface_has_no_openness() -> None:
    empty = np.zeros((4, 4, 4), np.uint8)
    assert math.isnan(of("mask.openness", empty, shell()[:4, :4, :4]))
    assert math.isnan(of("mask.volume-ratio", empty, empty))
    assert of("mask.openness", shell(), np.zeros_like(shell())) == 1


def test_volumes_of_several_images_are_pooled() -> None:
    metric = KNOWN["mask.volume-ratio"]
    pairs = [Pair(shell(), shell()), Pair(shell(), np.zeros_like(shell()))]
    assert metric.pooled([metric.counts_of(pair) for pair in pairs]) == 0.5


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=3, max_side=6)), st.data())
def test_openness_is_a_share_and_falls_with_the_prediction(truth: np.ndarray, data: st.DataObject) -> None:
    pred = data.draw(hnp.arrays(bool, truth.shape))
    found = openness((truth, pred))
    if math.isnan(found):
        assert not interior(truth).any()
    else:
        assert 0 <= found <= 1
        assert openness((truth, pred | truth)) <= found
        assert openness((truth, truth)) == 0


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=1, max_dims=3, max_side=6)))
def test_the_interior_is_what_a_flood_from_the_border_does_not_reach(mask: np.ndarray) -> None:
    reached = np.pad(np.zeros_like(mask), 1, constant_values=True)
    free = np.pad(~mask, 1, constant_values=True)
    for _ in range(free.size):
        spread = reached.copy()
        for axis in range(free.ndim):
            spread |= np.roll(reached, 1, axis) | np.roll(reached, -1, axis)
        if np.array_equal(spread & free, reached):
            break
        reached = spread & free
    expected = ~(reached | ~free)[(slice(1, -1),) * mask.ndim]
    assert np.array_equal(interior(mask), expected)
