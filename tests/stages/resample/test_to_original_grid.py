from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.errors import DataError
from harness.model import Grid
from harness.stages.contract import Context
from tests.stages.chains import discs, image, labels, labels_of, make

volumes = arrays(np.uint16, st.tuples(*[st.integers(1, 6)] * 3), elements=st.integers(0, 9))


def back_on(grid: Grid) -> Context:
    return Context(grid=grid, seed=0, scratch=Path("unused"))


@given(volumes, st.floats(1, 4), st.floats(1, 4))
def test_round_trip_through_isotropic_voxels_is_exact(truth: np.ndarray, z: float, y: float) -> None:
    original = labels(truth, (z, y, 1.0))
    context = back_on(original.grid)
    isotropic = make("to-isotropic").map_truth(original, context)
    stage = make("to-original-grid")
    returned = stage.run({"labels": isotropic}, context)
    assert not isinstance(returned, dict)
    assert returned.array.tolist() == truth.tolist()
    assert returned.grid == original.grid


def test_chain_ends_on_the_grid_of_the_image() -> None:
    array, truth = discs((24, 48, 48))
    thin = array[::3]
    chain = [make("to-isotropic"), make("otsu-components"), make("to-original-grid")]
    made = labels_of(chain, {"image": image(thin, (3.0, 1.0, 1.0))})
    assert made.shape == thin.shape
    assert made.max() == len(np.unique(truth[::3])) - 1


def test_coarser_voxels_come_back_with_the_exact_shape() -> None:
    original = labels(np.ones((7, 10, 11), dtype=np.uint8), (1.0, 1.0, 1.0))
    context = back_on(original.grid)
    coarse = make("to-isotropic", target=3.0).map_truth(original, context)
    assert coarse.grid.shape == (2, 3, 4)
    returned = make("to-original-grid").run({"labels": coarse}, context)
    assert not isinstance(returned, dict)
    assert returned.array.shape == (7, 10, 11)


def test_truth_on_the_original_grid_is_untouched() -> None:
    original = labels(np.arange(6).reshape(2, 3).astype(np.uint8))
    assert make("to-original-grid").map_truth(original, back_on(original.grid)) is original
    larger = labels(np.repeat(original.array, 2, axis=1))
    assert make("to-original-grid").map_truth(larger, back_on(original.grid)).array.tolist() == original.array.tolist()


def test_other_axes_are_an_error() -> None:
    with pytest.raises(DataError, match="axes YX; the sample has ZYX"):
        make("to-original-grid").run(
            {"labels": labels(np.zeros((2, 2), dtype=np.uint8))}, back_on(Grid("ZYX", (2, 2, 2)))
        )
