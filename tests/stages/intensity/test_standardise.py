from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import image, make, run


def test_each_channel_has_mean_zero_and_deviation_one() -> None:
    array = np.random.default_rng(0).normal(40_000, 3, (2, 30, 40))
    array[1] = array[1] * 20 - 5
    made = run([make("standardise")], {"image": image(array, channels=("a", "b"))})["image"].array
    assert made.dtype == np.float32
    assert made.mean(axis=(1, 2)) == pytest.approx((0, 0), abs=2e-3)
    assert made.std(axis=(1, 2)) == pytest.approx((1, 1), abs=1e-3)


def test_constant_and_bad_values() -> None:
    assert not run([make("standardise")], {"image": image(np.full((3, 3), 9))})["image"].array.any()
    with pytest.raises(DataError, match="1 of 4 image values are NaN or infinite"):
        run([make("standardise")], {"image": image(np.array([[0, 1], [2, np.inf]]))})
