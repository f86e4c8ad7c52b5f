from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stages.resample.grids import isotropic_shape, nearest, spline

lengths = st.integers(1, 12)


@given(st.tuples(lengths, lengths), st.tuples(lengths, lengths))
def test_nearest_takes_the_voxel_that_holds_the_centre(old: tuple[int, int], new: tuple[int, int]) -> None:
    array = np.arange(old[0] * old[1]).reshape(old)
    made = nearest(array, new)
    rows = [int((i + 0.5) * old[0] / new[0]) for i in range(new[0])]
    columns = [int((i + 0.5) * old[1] / new[1]) for i in range(new[1])]
    assert made.tolist() == array[np.ix_(rows, columns)].tolist()


@given(st.tuples(lengths, lengths), st.tuples(st.integers(0, 9), st.integers(0, 9)))
def test_up_and_back_is_the_identity(old: tuple[int, int], more: tuple[int, int]) -> None:
    array = np.arange(old[0] * old[1]).reshape(old)
    larger = (old[0] + more[0], old[1] + more[1])
    assert nearest(nearest(array, larger), old).tolist() == array.tolist()


@given(st.tuples(lengths, lengths), st.tuples(lengths, lengths), st.integers(1, 3))
def test_spline_gives_the_shape_and_keeps_constants(old: tuple[int, int], new: tuple[int, int], order: int) -> None:
    made = spline(np.full(old, 3), new, order)
    assert (made.shape, made.dtype) == (new, np.float32)
    assert made == pytest.approx(3, abs=1e-4)


def test_spline_aligns_centres_like_nearest() -> None:
    ramp = np.arange(10, dtype=np.float32)
    made = spline(ramp, (20,), 1)
    assert made[1:-1] == pytest.approx((np.arange(20)[1:-1] + 0.5) / 2 - 0.5, abs=1e-5)


def test_isotropic_shape_rounds_and_never_vanishes() -> None:
    assert isotropic_shape((10, 40, 40), (0.5, 0.125, 0.125), 0.125) == (40, 40, 40)
    assert isotropic_shape((10, 40, 40), (0.28, 0.126, 0.126), 0.126) == (22, 40, 40)
    assert isotropic_shape((1, 3), (0.1, 0.1), 5.0) == (1, 1)
