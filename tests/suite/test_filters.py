"""One value says which cells are wanted."""

from __future__ import annotations

import pytest

from harness.errors import ConfigError
from harness.suite import EVERYTHING, Selection
from tests.helpers import Project


def test_everything_keeps_all_cells(project: Project) -> None:
    cells = project.cells(tier="paper")
    assert EVERYTHING.cells(project.suite(), cells) == cells


def test_filters_are_laid_over_each_other(project: Project) -> None:
    found = project.cells(tier="paper", rows=["net"], folds=["2", "4"])
    assert [(cell.row, cell.fold.id) for cell in found] == [("net", "2"), ("net", "4")]
    assert {cell.row for cell in project.cells(tier="paper", stages=["cut"])} == {"otsu"}
    assert Selection.of(rows=["net"]) == Selection(rows=("net",))


def test_a_name_that_no_cell_has_is_an_error_with_the_nearest_one(project: Project) -> None:
    with pytest.raises(ConfigError, match="no row 'nat' here; did you mean 'net'"):
        project.cells(rows=["nat"])
    with pytest.raises(ConfigError, match="no stage 'cut' here"):
        project.cells(rows=["net"], stages=["cut"])


def test_samples_are_told_by_their_names(project: Project) -> None:
    every = project.cells()
    sample = every[0].sample
    assert {cell.sample for cell in project.cells(samples=[sample])} == {sample}
    with pytest.raises(ConfigError, match="no sample 'nowhere' here"):
        project.cells(samples=["nowhere"])
