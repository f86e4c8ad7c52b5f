"""Cells merged and split by nuclei, by hand and by laws."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.errors import DataError, ParameterError
from harness.stages.boundary.fix_by_nuclei import FixByNuclei, of_usual_size
from harness.stages.contract import Context
from tests.stages.chains import labels, make, probability, same_partition

ALL: dict[str, Any] = {"quantiles": [0.0, 1.0]}


def fixed(
    cells: np.ndarray, nuclei: np.ndarray, boundary: np.ndarray | None = None, **parameters: Any
) -> tuple[np.ndarray, dict[str, float]]:
    """Return the labels and what the stage reports."""
    facts: dict[str, float] = {}
    volumes = {"labels": labels(cells), "nuclei": labels(nuclei)}
    if boundary is not None:
        volumes["probability"] = probability(boundary)
    context = Context(volumes["labels"].grid, seed=0, scratch=Path("unused"), report=facts.__setitem__)
    stage = make("fix-by-nuclei", **{**ALL, "use_boundary": boundary is not None, **parameters})
    before = {slot: volume.array.copy() for slot, volume in volumes.items()}
    made = stage.run({slot: volumes[slot] for slot in stage.reads()}, context)
    for slot, array in before.items():
        np.testing.assert_array_equal(volumes[slot].array, array)
    return made.array, facts  # type: ignore[union-attr]


STRIPES = np.repeat(np.repeat(np.array([[5, 8, 9]], dtype=np.uint16), 6, axis=1), 6, axis=0)
"""Three cells of 6 x 6 pixels beside each other."""


def box(*places: tuple[int, int, int]) -> np.ndarray:
    """Nuclei of 2 rows: (id, first column, last column)."""
    nuclei = np.zeros(STRIPES.shape, np.uint16)
    for number, first, last in places:
        nuclei[2:4, first : last + 1] = number
    return nuclei


def test_a_nucleus_in_two_cells_joins_them() -> None:
    found, facts = fixed(STRIPES, box((3, 4, 7)))
    assert found[0].tolist() == [1] * 12 + [2] * 6
    assert facts == {"merges": 1, "splits": 0, "nuclei_left_out": 0, "nuclei_outside": 0}


def test_a_share_below_the_threshold_joins_nothing() -> None:
    nuclei = box((3, 3, 6))  # three quarters in the first cell
    assert same_partition(fixed(STRIPES, nuclei)[0], STRIPES)
    assert fixed(STRIPES, nuclei, threshold_merge=0.25)[0].max() == 2


def test_two_nuclei_split_a_cell_along_its_boundary() -> None:
    cells = np.ones((9, 12), np.uint8)
    nuclei = np.zeros((9, 12), np.uint8)
    nuclei[3:6, 0:2], nuclei[3:6, 10:12] = 1, 2
    wall = np.zeros((9, 12))
    wall[:, 3] = 1.0
    found, facts = fixed(cells, nuclei, wall, sigma=0.0)
    assert (found[:, 0:3] == found[0, 0]).all()
    assert (found[:, 4:] == found[0, 11]).all()
    assert found[0, 0] != found[0, 11]
    assert facts["splits"] == 1
    midway = fixed(cells, nuclei, compactness=100.0)[0]
    assert (midway[:, :6] == midway[0, 0]).all()
    assert (midway[:, 6:] == midway[0, 11]).all()


def test_cells_that_share_one_of_two_nuclei_are_joined_and_cut_elsewhere() -> None:
    found, facts = fixed(STRIPES[:, :12], box((1, 0, 1), (2, 4, 7))[:, :12], compactness=100.0)
    assert facts["merges"] == 1
    assert facts["splits"] == 1
    assert len(np.unique(found)) == 2
    assert found[2, 4] == found[2, 7] != found[2, 0]


def test_nuclei_outside_every_cell_change_nothing_and_are_counted() -> None:
    cells = np.where(STRIPES == 8, 0, STRIPES)
    found, facts = fixed(cells, box((7, 8, 9)))
    assert same_partition(found, cells)
    assert facts == {"merges": 0, "splits": 0, "nuclei_left_out": 0, "nuclei_outside": 1}
    assert (found[cells == 0] == 0).all()


def test_nuclei_of_unusual_size_are_no_evidence() -> None:
    nuclei = box((1, 4, 7), (2, 10, 13))
    nuclei[0, 17] = 3
    joined = fixed(STRIPES, nuclei, quantiles=[0.0, 1.0])[1]
    assert (joined["merges"], joined["splits"]) == (2, 2), "one cell, cut at its three nuclei"
    assert fixed(STRIPES, nuclei, quantiles=[0.1, 1.0])[1]["splits"] == 1
    sizes = of_usual_size(np.array([0, 1, 2, 2, 2, 3, 3, 3, 3]), (0.3, 0.99))
    assert sizes.tolist() == [False, False, True, False]
    assert of_usual_size(np.zeros(4, np.uint32), (0.3, 0.99)).tolist() == [False]
    assert fixed(STRIPES, nuclei, quantiles=[0.5, 0.6])[1]["nuclei_left_out"] == 1


@pytest.mark.parametrize("array", [np.zeros((4, 4), np.uint8), STRIPES[:4, :4]])
def test_without_nuclei_cells_stay(array: np.ndarray) -> None:
    found, facts = fixed(array, np.zeros((4, 4), np.uint8))
    assert same_partition(found, array)
    assert set(facts.values()) == {0}


@given(
    hnp.arrays(np.uint8, (4, 6), elements=st.integers(0, 3)), hnp.arrays(np.uint8, (4, 6), elements=st.integers(0, 3))
)
def test_what_was_background_stays_and_ids_are_consecutive(cells: np.ndarray, nuclei: np.ndarray) -> None:
    found, facts = fixed(cells, nuclei)
    assert ((found == 0) == (cells == 0)).all()
    assert set(np.unique(found)) - {0} == set(range(1, int(found.max()) + 1))
    before = len(np.unique(cells[cells > 0]))
    assert found.max() == before - facts["merges"] + facts["splits"]


@given(hnp.arrays(np.uint8, (4, 6), elements=st.integers(0, 3)))
def test_nuclei_that_are_the_cells_change_nothing(cells: np.ndarray) -> None:
    assert same_partition(fixed(cells, cells)[0], cells)


def test_other_grids_and_missing_maps_are_errors() -> None:
    with pytest.raises(DataError, match=r"the inputs lie on different grids: labels \(6, 18\), nuclei \(6, 12\)"):
        fixed(STRIPES, STRIPES[:, :12])
    assert FixByNuclei(ALL).reads() == ("labels", "nuclei", "probability")


@pytest.mark.parametrize("quantiles", [[0.5], [0.9, 0.1], [0.2, 0.2]])
def test_quantiles_that_are_none(quantiles: list[float]) -> None:
    with pytest.raises(ParameterError, match="accepted: two numbers, the first the smaller"):
        make("fix-by-nuclei", quantiles=quantiles)
