from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from tests.stages.chains import image, make, run

RNG = np.random.default_rng(0)


def test_percentiles_become_zero_and_one_per_channel() -> None:
    array = RNG.integers(0, 4000, (2, 30, 40)).astype(np.uint16)
    array[1] //= 7
    made = run([make("normalise-percentile")], {"image": image(array, (1.0, 2.0), ("a", "b"))})["image"]
    assert (made.axes, made.channels, made.spacing_um) == ("CYX", ("a", "b"), (1.0, 2.0))
    assert made.array.dtype == np.float32
    for channel in made.array:
        assert np.percentile(channel, (1, 99.8)) == pytest.approx((0, 1), abs=1e-4)


def test_clip_and_constant() -> None:
    array = RNG.normal(size=(30, 40))
    made = run([make("normalise-percentile", low=10.0, high=90.0, clip=True)], {"image": image(array)})["image"]
    assert (made.axes, made.array.min(), made.array.max()) == ("YX", 0.0, 1.0)
    assert not run([make("normalise-percentile")], {"image": image(np.full((3, 3), 9))})["image"].array.any()


def test_mistakes() -> None:
    with pytest.raises(ParameterError, match="low < high"):
        make("normalise-percentile", low=50.0, high=50.0)
    with pytest.raises(DataError, match="1 of 4 image values are NaN"):
        run([make("normalise-percentile")], {"image": image(np.array([[0, 1], [2, np.nan]]))})
