from __future__ import annotations

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from tests.stages.chains import context, discs, image, labels, make, probability, run

SPACING = (0.4, 0.1, 0.1)


def test_finest_spacing_is_the_default_target() -> None:
    array = np.random.default_rng(0).integers(0, 255, (6, 16, 20)).astype(np.uint8)
    made = run([make("to-isotropic")], {"image": image(array, SPACING)})["image"]
    assert made.array.shape == (24, 16, 20)
    assert made.spacing_um == pytest.approx((0.1, 0.1, 0.1))
    assert made.array.dtype == np.float32
    assert made.channels == ("raw",)


def test_extent_is_kept_where_the_shape_is_rounded() -> None:
    made = run([make("to-isotropic", target=0.3)], {"image": image(np.zeros((7, 16, 20)), SPACING)})["image"]
    assert made.array.shape == (9, 5, 7)
    assert np.multiply(made.array.shape, made.spacing_um) == pytest.approx(np.multiply((7, 16, 20), SPACING))


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_probability_and_nuclei_go_along(order: int) -> None:
    rng = np.random.default_rng(0)
    slots = {
        "image": image(rng.normal(size=(2, 6, 8, 8)), SPACING, ("a", "b")),
        "probability": probability(rng.integers(0, 2, (6, 8, 8)), spacing=SPACING),
        "nuclei": labels(rng.integers(0, 300, (6, 8, 8)).astype(np.uint16), SPACING),
    }
    made = run([make("to-isotropic", order=order, slots=list(slots))], slots)
    assert {made[slot].grid.shape for slot in slots} == {(24, 8, 8)}
    assert made["image"].array.shape == (2, 24, 8, 8)
    assert 0 <= made["probability"].array.min() <= made["probability"].array.max() <= 1
    assert made["nuclei"].array.dtype == np.uint16
    assert set(np.unique(made["nuclei"].array)) == set(np.unique(slots["nuclei"].array))


def test_truth_is_mapped_by_nearest_neighbour() -> None:
    truth = labels(discs((6, 24, 24))[1], SPACING)
    stage = make("to-isotropic", order=3)
    mapped = stage.map_truth(truth, context(truth))
    assert mapped.grid.shape == (24, 24, 24)
    assert mapped.array.dtype == truth.array.dtype
    assert mapped.array[::4].tolist() == truth.array.tolist()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 5, 2)])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_volumes_smaller_than_the_spline(shape: tuple[int, ...], order: int) -> None:
    made = run([make("to-isotropic", order=order)], {"image": image(np.ones(shape), SPACING)})["image"]
    assert made.array == pytest.approx(1)


def test_mistakes() -> None:
    with pytest.raises(DataError, match="stage 'to-isotropic': the voxel spacing is unknown"):
        run([make("to-isotropic")], {"image": image(np.zeros((3, 3, 3)))})
    with pytest.raises(DataError, match="1 of 27 image values"):
        run([make("to-isotropic")], {"image": image(np.where(np.arange(27) == 3, np.nan, 0).reshape(3, 3, 3), SPACING)})
    with pytest.raises(ParameterError, match="names 'masks', which is no array of voxels"):
        make("to-isotropic", slots=["image", "masks"])
    with pytest.raises(ParameterError, match="one or more different slots"):
        make("to-isotropic", slots=[])
