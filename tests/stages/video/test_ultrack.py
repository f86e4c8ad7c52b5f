"""What the stage refuses; and, where the library is at hand, that it says what the library says, and what is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from harness.datasets.phantoms.generators import generate
from harness.datasets.phantoms.parameters import FlowParameters
from harness.errors import DataError, ParameterError
from harness.metrics import METRICS, Pair
from harness.model import Volume
from harness.stages.arrays import compact
from harness.stages.chain import checked_outputs
from tests.stages.chains import context, make, probability, run, same_partition

PRECISION = next(metric for metric in METRICS if metric.id == "map.canonical")
SIDE, ROWS = 12, 4
Follow = Callable[..., np.ndarray]


@pytest.fixture
def ultrack() -> Any:
    return pytest.importorskip("ultrack", reason="needs an interpreter with ultrack: `tox run -e ultrack`")


@pytest.fixture
def follow(ultrack: Any, tmp_path: Path) -> Follow:
    """Labels (uint32, TYX) that the stage makes of a boundary map."""

    def followed(maps: Volume, **parameters: Any) -> np.ndarray:
        stage = make("ultrack", **parameters)
        made = stage.run({"probability": maps}, replace(context(maps), scratch=tmp_path))
        labels = checked_outputs(stage, {"probability": maps}, made, maps.grid)["labels"].array
        assert labels.dtype == np.uint32
        return labels

    return followed


def lattice(light: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return a boundary map (float32, TYX) of square cells that stay where they are, and the cells (uint32).

    `light` is that of one wall in each frame, 1 if it is whole. Walls are a pixel wide on either side; where two cross
    the map is twice as high, so that each pixel is nearest to its own cell and cells are known to the pixel.
    """
    place = np.arange(SIDE * ROWS)
    wall = np.isin(place % SIDE, (0, SIDE - 1)) / 2
    across = np.repeat(wall[None, None, :], len(light), axis=0) * np.ones((1, len(place), 1))
    opened = slice(2 * SIDE - 1, 2 * SIDE + 1)
    across[:, SIDE + 1 : 2 * SIDE - 1, opened] *= np.asarray(light)[:, None, None]
    cells = (place // SIDE)[:, None] * ROWS + place // SIDE + 1
    return (across + wall[:, None]).astype(np.float32), np.repeat(cells[None], len(light), axis=0).astype(np.uint32)


def drifting() -> tuple[Volume, np.ndarray]:
    """Return the smoothed membranes of a drifting tissue in which some are open, and its cells."""
    made = generate("gastrula-video", FlowParameters(shape=(6, 60, 60), noise=0.1, open=0.05, seed=3))
    smoothed = [make("boundary-from-channel", scale="percentile"), make("smooth-map", sigma=1.0, by_plane=True)]
    return run(smoothed, {"image": made.image})["probability"], made.labels["gold"].array


def test_areas_must_leave_something_between_them() -> None:
    with pytest.raises(ParameterError, match="'min_area' 50 is above 'max_area' 20"):
        make("ultrack", min_area=50, max_area=20)


def test_a_single_frame_is_no_video() -> None:
    with pytest.raises(DataError, match="a video of 1 frame; accepted: two frames or more"):
        run([make("ultrack")], {"probability": probability(np.zeros((1, 20, 20), np.float32))})


def test_the_library_by_itself_gives_the_same_labels(
    ultrack: Any, follow: Follow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ultrack.MainConfig(
        segmentation={"min_area": 25, "max_area": 500, "min_frontier": 0.1},
        linking={"max_distance": 9.0, "max_neighbors": 4},
        tracking={
            "solver_name": "CBC",
            "n_threads": 1,
            "appear_weight": -0.2,
            "disappear_weight": -0.1,
            "division_weight": -0.3,
            "power": 2.0,
        },
    )
    asked.data_config.working_dir = tmp_path / "by-itself"
    maps, _ = drifting()
    boundary = maps.array[0]
    ultrack.track(asked, foreground=np.ones(boundary.shape, np.float32), contours=boundary, overwrite="all")
    tracks, _ = ultrack.to_tracks_layer(asked)
    expected = compact(np.asarray(ultrack.tracks_to_zarr(asked, tracks)[:]))

    given: list[Any] = []
    track = ultrack.track
    monkeypatch.setattr(ultrack, "track", lambda settings, **kept: (given.append(settings), track(settings, **kept)))
    found = follow(
        maps,
        min_area=25,
        max_area=500,
        min_frontier=0.1,
        max_distance=9.0,
        max_neighbours=4,
        appear=-0.2,
        disappear=-0.1,
        divide=-0.3,
        power=2.0,
    )
    (settings,) = given
    for part in ("segmentation_config", "linking_config", "tracking_config"):
        assert getattr(settings, part) == getattr(asked, part)
    np.testing.assert_array_equal(found, expected)


def test_cells_are_told_apart_in_a_frame_in_which_a_wall_is_open(follow: Follow) -> None:
    boundary, cells = lattice([1, 1, 0.1, 1, 1])
    assert [ndimage.label(frame < 0.2)[1] for frame in boundary] == [16, 16, 15, 16, 16], "a frame by itself merges two"
    found = follow(probability(boundary), min_area=40, max_area=400)
    assert same_partition(found, cells)


def test_a_frame_without_walls_spoils_no_other(follow: Follow) -> None:
    boundary, cells = lattice([1, 1, 1, 1, 1])
    boundary[2] = 0
    found = follow(probability(boundary), min_area=40, max_area=400)
    assert len(np.unique(found[2])) == 1
    assert all(same_partition(found[time], cells[time]) for time in (0, 1, 3, 4))


def test_a_cell_that_divides_ends_and_its_halves_are_others(follow: Follow) -> None:
    boundary, cells = lattice([0, 0, 1, 1])
    mother, halves = SIDE * ROWS, (cells[0, SIDE, SIDE], cells[0, SIDE, 2 * SIDE])
    cells[:2][np.isin(cells[:2], halves)] = mother
    found = follow(probability(boundary), min_area=40, max_area=400)
    assert same_partition(found, cells)


def test_most_cells_of_a_drifting_tissue_are_followed(follow: Follow) -> None:
    """Areas allow for cells that the border cuts, a third of all; what is known of the tissue is that none divides."""
    maps, cells = drifting()
    assert PRECISION.of(Pair(cells, follow(maps, min_area=20, max_area=600, divide=-1.0))) > 0.5
