from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from tests.stages.chains import make, probability, run, walls

pytest.importorskip("bioimage_cpp", reason="bioimage-cpp is not installed")

BOUNDARY = walls((12, 40, 48), 12, seed=0)[0]


def made(boundary: np.ndarray, spacing: tuple[float, ...] | None = None, **parameters: object) -> np.ndarray:
    stage = make("dt-watershed", **parameters)
    return run([stage], {"probability": probability(boundary, spacing=spacing)})["superpixels"].array


def test_defaults_are_the_published_ones() -> None:
    given = dict(make("dt-watershed").options)
    assert given == {
        "threshold": 0.4, "min_size": 50, "sigma_seeds": 2.0, "sigma_weights": 0.0,
        "alpha": 1.0, "pixel_pitch": (), "use_spacing": False, "stacked": False,
    }  # fmt: skip


def test_spacing_and_pitch_are_the_same_thing() -> None:
    plain = made(BOUNDARY)
    by_spacing = made(BOUNDARY, (4.0, 1.0, 1.0), use_spacing=True)
    assert (by_spacing == made(BOUNDARY, pixel_pitch=[4.0, 1.0, 1.0])).all()
    assert (made(BOUNDARY, (4.0, 1.0, 1.0)) == plain).all()
    assert by_spacing.dtype == np.uint32
    assert by_spacing.min() == 1


def test_stacked_uses_the_pitch_of_the_plane() -> None:
    stacked = made(BOUNDARY, (4.0, 1.0, 1.0), use_spacing=True, stacked=True)
    assert (stacked == made(BOUNDARY, stacked=True)).all()
    assert all(set(np.unique(lower)).isdisjoint(np.unique(upper)) for lower, upper in pairwise(stacked))
    assert (made(BOUNDARY[0], stacked=True) == made(BOUNDARY[0])).all()


def test_repeated_runs_are_equal() -> None:
    assert (made(BOUNDARY) == made(BOUNDARY)).all()


def test_mistakes() -> None:
    with pytest.raises(DataError, match="stage 'dt-watershed': the voxel spacing is unknown"):
        made(BOUNDARY, use_spacing=True)
    with pytest.raises(ParameterError, match="both given"):
        make("dt-watershed", use_spacing=True, pixel_pitch=[1.0, 1.0, 1.0])
    with pytest.raises(ParameterError, match="'pixel_pitch' has 2 entries for the axes ZYX"):
        made(BOUNDARY, pixel_pitch=[1.0, 1.0])
    bad = BOUNDARY.copy()
    bad[0, 0, :2] = np.nan, np.inf
    with pytest.raises(DataError, match="stage 'dt-watershed': 2 of 23040 image values are NaN or infinite"):
        made(bad)
