from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Context
from harness.stages.embedding.image_to_levels import ImageToLevels


def levels(array: np.ndarray, axes: str = "YX", **given: object) -> np.ndarray:
    volume = Volume(array, axes)
    stage = ImageToLevels(given)
    context = Context(volume.grid, seed=0, scratch=None)  # type: ignore[arg-type]
    made = stage.run({"image": volume}, context)
    assert made.grid == volume.grid
    return made.array


def test_values_are_rounded_to_equal_steps() -> None:
    made = levels(np.array([[-1.0, 0.0], [0.1, 1.0]], np.float32), levels=5)
    assert made.tolist() == [[1, 3], [3, 5]]
    assert made.dtype == np.uint32


def test_a_constant_image_is_one_level() -> None:
    assert levels(np.full((2, 3), 7.5, np.float32)).tolist() == [[1] * 3] * 2


def test_volumes_and_a_channel_axis_of_one() -> None:
    values = np.random.default_rng(0).normal(size=(1, 2, 3, 4)).astype(np.float32)
    made = levels(values, "CZYX")
    assert made.shape == (2, 3, 4)
    assert np.corrcoef(made.ravel(), values.ravel())[0, 1] > 0.9999


def test_several_channels_and_what_is_no_number_are_refused() -> None:
    with pytest.raises(DataError, match="2 channels; accepted: one"):
        levels(np.zeros((2, 3, 4), np.float32), "CYX")
    with pytest.raises(DataError, match="NaN"):
        levels(np.full((2, 2), np.nan, np.float32))
