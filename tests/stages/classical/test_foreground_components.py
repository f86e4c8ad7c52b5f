from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from tests.stages.chains import labels_of, make


def found(foreground: np.ndarray, spacing: tuple[float, ...] | None = None, **parameters: object) -> np.ndarray:
    axes = "ZYX"[-foreground.ndim :]
    volume = Volume(foreground.astype(np.float32), axes, spacing)
    return labels_of([make("foreground-components", **{"min_size": 0, **parameters})], {"foreground": volume})


def test_components_above_the_threshold() -> None:
    foreground = np.array([[0.9, 0.9, 0.4, 0.6], [0.5, 0.1, 0.1, 0.9]])
    assert found(foreground).tolist() == [[1, 1, 0, 2], [0, 0, 0, 2]]
    assert found(foreground, threshold=0.3).max() == 1
    assert found(foreground, min_size=3).max() == 0


def test_corners_touch_where_they_are_told_to() -> None:
    foreground = np.eye(3)
    assert (found(foreground).max(), found(foreground, connectivity=2).max()) == (3, 1)


def test_touching_objects_are_cut_at_their_waist() -> None:
    grid = np.indices((30, 50))
    discs = [((grid[0] - 15) ** 2 + (grid[1] - x) ** 2) < 100 for x in (15, 33)]
    touching = np.logical_or(*discs)
    assert found(touching).max() == 1
    cut = found(touching, split="distance")
    assert cut.max() == 2
    assert cut[15, 15] != cut[15, 33]


@pytest.mark.parametrize("split", ["no", "distance"])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_nothing_and_everything(split: str, value: float) -> None:
    assert found(np.full((4, 6, 6), value), (2.0, 1.0, 1.0), split=split).max() == value


def test_values_that_are_not_finite() -> None:
    with pytest.raises(DataError, match="NaN"):
        found(np.array([[np.nan, 1.0]]))
