from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.metrics import Pair
from harness.metrics.signal import METRICS, signal_to_noise

(SNR,) = METRICS


def snr(truth: object, values: object) -> float:
    return SNR.of(Pair(np.asarray(truth), np.asarray(values)))


def test_by_hand() -> None:
    # object 1: 1, 3 (mean 2, variance 1); object 2: 6, 6, 9 (mean 7, variance 2); background does not count
    assert snr([1, 1, 2, 2, 2, 0], [1, 3, 6, 6, 9, 100]) == pytest.approx(6.25 / 1.5)


def test_objects_count_alike_whatever_their_size() -> None:
    assert snr([1, 1, 2, 2], [1, 3, 5, 7]) == pytest.approx(snr([1, 1, 2, 2, 2, 2], [1, 3, 5, 7, 5, 7]))


def test_undefined_and_without_signal() -> None:
    assert math.isnan(snr([0, 1, 1], [5, 1, 2]))
    assert math.isnan(snr([1, 2, 2], [3, 4, 4]))
    assert snr([1, 2, 2], [4, 4, 4]) == 0
    assert snr([1, 1, 2, 2], [1, 3, 3, 1]) == 0


def test_it_is_not_computed_unasked() -> None:
    assert SNR.needs == "values"
    assert SNR.direction == "higher"


@given(
    hnp.arrays(np.int64, 24, elements=st.integers(0, 4)),
    hnp.arrays(np.int64, 24, elements=st.integers(0, 50)),
    st.integers(1, 7),
    st.integers(0, 30),
)
def test_it_is_that_of_numpy_and_does_not_see_scale_or_offset(
    truth: np.ndarray, values: np.ndarray, scale: int, offset: int
) -> None:
    ids = [number for number in np.unique(truth) if number]
    found = snr(truth, values)
    if len(ids) < 2:
        assert math.isnan(found)
        return
    signal = np.var([values[truth == number].mean() for number in ids])
    noise = np.mean([values[truth == number].var() for number in ids])
    if noise == 0:
        assert math.isnan(found) if signal else found == 0
        return
    assert found == pytest.approx(signal / noise, abs=1e-9)
    assert snr(truth, scale * values + offset) == pytest.approx(found, abs=1e-9)


def test_what_is_ignored_is_no_value() -> None:
    truth, values = np.array([1, 1, 1, 2, 2]), np.array([1, 3, 99, 5, 8])
    pair = Pair(truth, values, ignore=np.array([0, 0, 1, 0, 0]))
    assert signal_to_noise(pair.values) == pytest.approx(snr([1, 1, 2, 2], [1, 3, 5, 8]))
