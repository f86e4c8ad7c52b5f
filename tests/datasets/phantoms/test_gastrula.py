from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from harness.datasets.phantoms.gastrula import HOLE, depth_of_light, flow, settle, unreliable_planes, with_holes
from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.painting import find_walls
from harness.datasets.phantoms.parameters import FlowParameters, TissueParameters

SPACING = (0.5, 0.3, 0.3)


def tissue(seed: int = 0, **given: object) -> TissueParameters:
    return TissueParameters.model_validate({"shape": (16, 40, 40), "spacing_um": SPACING, "seed": seed, **given})


def drifting(seed: int = 0, **given: object) -> np.ndarray:
    parameters = FlowParameters.model_validate({"shape": (10, 60, 60), **given})
    return flow(parameters, np.random.default_rng(seed))


def test_every_voxel_is_of_a_cell_and_nuclei_lie_in_theirs() -> None:
    cells, nuclei = settle(tissue(), SPACING, np.random.default_rng(3))
    assert np.unique(cells).tolist() == list(range(1, int(cells.max()) + 1))
    assert cells.max() > 5
    inside = nuclei > 0
    np.testing.assert_array_equal(nuclei[inside], cells[inside])
    structure = np.ones((3, 3, 3))
    assert all(ndimage.label(cells == number, structure)[1] == 1 for number in range(1, int(cells.max()) + 1))


def test_light_falls_off_with_depth() -> None:
    light = depth_of_light(5, 0.16)
    np.testing.assert_allclose(light[[0, 2, 4]], [1, 0.4, 0.16], rtol=1e-6)
    assert depth_of_light(1, 0.3).tolist() == [1]
    image = generate("gastrula-3d", tissue(noise=0.0, nuclei_noise=0.0, open=0.0)).image
    membrane = image.channel("membrane").astype(float)
    assert membrane[1].max() - 20 > 2 * (membrane[-2].max() - 20)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_holes_take_their_share_of_the_walls(share: float) -> None:
    walls = find_walls(settle(tissue(), SPACING, np.random.default_rng(3))[0])
    light = with_holes(walls, share, 1.0, SPACING, np.random.default_rng(1))
    assert not light[~walls].any()
    assert set(np.unique(light[walls])) <= {np.float32(HOLE), np.float32(1)}
    assert (light[walls] < 1).mean() == pytest.approx(share, abs=0.1)


def test_the_deeper_planes_are_unreliable() -> None:
    assert unreliable_planes((6, 2, 2), 0.5).any(axis=(1, 2)).tolist() == [False] * 3 + [True] * 3
    assert unreliable_planes((4, 1, 1), 1.0).any(axis=(1, 2)).tolist() == [False, False, False, True]
    assert unreliable_planes((1, 2, 2), 0.5).all()


def test_cells_keep_their_ids_while_the_tissue_drifts() -> None:
    cells = drifting()
    assert (cells > 0).all()
    for number in np.unique(cells[0]):
        seen = [np.argwhere(frame == number).mean(axis=0) for frame in cells if (frame == number).any()]
        assert np.linalg.norm(np.diff(seen, axis=0), axis=1).max(initial=0) < 8
    still = drifting(drift_px=0.0, wander_px=0.0)
    np.testing.assert_array_equal(still, np.broadcast_to(still[0], still.shape))


def test_cells_come_in_and_leave() -> None:
    cells = drifting(drift_px=3.0)
    first, last = set(np.unique(cells[0])), set(np.unique(cells[-1]))
    assert last - first
    assert first - last


def test_membranes_open_and_close() -> None:
    still = FlowParameters(shape=(8, 60, 60), noise=0.0, drift_px=0.0, wander_px=0.0, open=0.3)
    closed = still.model_copy(update={"open": 0.0})
    changing, steady = (generate("gastrula-video", parameters).image for parameters in (still, closed))
    assert changing.channels == ("membrane",)
    assert changing.array.astype(float).std(axis=0).max() > 20
    assert not steady.array.astype(float).std(axis=0).any()
