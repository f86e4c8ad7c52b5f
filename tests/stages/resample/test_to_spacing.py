from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError
from tests.stages.chains import image, labels, make, run

SPACING = (0.4, 0.1, 0.1)


def test_each_axis_gets_its_edge() -> None:
    array = np.random.default_rng(0).normal(size=(6, 16, 20))
    made = run([make("to-spacing", target=[0.2, 0.0, 0.2])], {"image": image(array, SPACING)})["image"]
    assert made.array.shape == (12, 16, 10)
    assert made.spacing_um == pytest.approx((0.2, 0.1, 0.2))


def test_one_edge_for_all_is_to_isotropic() -> None:
    array = np.random.default_rng(0).normal(size=(6, 16, 20))
    ours = run([make("to-spacing", target=[0.2] * 3)], {"image": image(array, SPACING)})["image"]
    isotropic = run([make("to-isotropic", target=0.2)], {"image": image(array, SPACING)})["image"]
    np.testing.assert_array_equal(ours.array, isotropic.array)
    assert ours.grid == isotropic.grid


def test_labels_come_back_to_the_grid_of_the_sample() -> None:
    array = np.random.default_rng(0).integers(0, 9, (6, 16, 20)).astype(np.uint16)
    slots = {"image": image(array.astype(np.float32), SPACING), "labels": labels(array, SPACING)}
    chain = [make("to-spacing", target=[0.1, 0.1, 0.1], slots=["labels"]), make("to-original-grid")]
    np.testing.assert_array_equal(run(chain, slots)["labels"].array, array)


def test_an_absent_spacing_and_edges_of_other_axes_are_refused() -> None:
    with pytest.raises(DataError, match="the voxel spacing is unknown"):
        run([make("to-spacing", target=[0.2, 0.2])], {"image": image(np.zeros((4, 4)))})
    with pytest.raises(DataError, match=r"'target' is \[\]; accepted: one edge for each of YX"):
        run([make("to-spacing")], {"image": image(np.zeros((4, 4)), (0.1, 0.1))})
