"""Object tables of recorded cells, from what was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.datasets.fetching.places import cache_folder
from harness.metrics.counts import number
from harness.metrics.errors import PRED_CLASSES, TRUTH_CLASSES, count_name
from harness.predictions import Predictions
from harness.project import Project
from harness.runner.objects import recorded_objects
from harness.standing import Standing
from tests.cli.project import Cli
from tests.runner.project import Project as TinyProject


def standing_of(project: Project) -> Standing:
    return project.results(Path("runs"), project.suite("toy"), "smoke")


def test_a_table_of_every_cell_agrees_with_its_record(cli: Cli) -> None:
    cli("run", "toy")
    project = Project.find(cli.folder)
    standing = standing_of(project)
    tables = list(recorded_objects(project, standing, cache_folder()))
    assert len(tables) == len(standing.cells) == 4
    for cell, table in zip(standing.cells, tables, strict=True):
        assert not isinstance(table, str)
        about = (cell.suite, cell.tier, cell.row, cell.data.dataset, cell.sample, cell.fold.id, cell.repeat)
        assert tuple(table.iloc[0, :7]) == about
        assert "size_um2" in table
        counts = standing.current[cell.id].counts
        for side, column, classes in (("truth", "truth", TRUTH_CLASSES), ("pred", "prediction", PRED_CLASSES)):
            found = table[table["side"] == column]["class"].value_counts()
            for name in classes:
                assert found[name] == number(counts, count_name(side, name))


def test_cells_without_scores_are_left_out_and_lost_predictions_are_named(cli: Cli) -> None:
    cli("run", "toy", "--row", "otsu")
    cli("cache", "--clear", "predictions")
    project = Project.find(cli.folder)
    reasons = list(recorded_objects(project, standing_of(project), cache_folder()))
    assert len(reasons) == 2
    assert all("its prediction was removed on" in str(reason) for reason in reasons)
    assert str(reasons[0]).startswith("toy smoke: otsu on blobs/a: ")


def test_a_record_that_kept_no_prediction_says_so(cli: Cli) -> None:
    cli.fake_records()
    project = Project.find(cli.folder)
    reasons = list(recorded_objects(project, standing_of(project), cache_folder()))
    assert len(reasons) == 4
    assert all(str(reason).endswith("its prediction was not kept: run it again") for reason in reasons)


def test_cells_in_which_nothing_is_compared_are_left_out(cli: Cli) -> None:
    cli("run", "toy", "--row", "otsu")
    project = Project.find(cli.folder)
    standing = standing_of(project)
    cells = tuple(replace(cell, scores=(replace(cell.scores[0], metrics=()),)) for cell in standing.cells)
    assert list(recorded_objects(project, replace(standing, cells=cells), cache_folder())) == []


def test_confidences_are_a_column_and_lost_ones_are_named(project: TinyProject) -> None:
    path = project.suite({"good": "[{ id = 'sure' }]"})
    assert project.run(path).failed == 0
    whole = Project(project.folder, (project.plugin,), (project.folder / "datasets.toml",))
    standing = whole.results(project.results, whole.suite(path), "smoke")
    table = next(recorded_objects(whole, standing, project.cache))
    assert not isinstance(table, str)
    predicted = table[table["side"] == "prediction"]
    assert predicted["confidence"].tolist() == [1 / (1 + label) for label in predicted["id"]]
    assert table[table["side"] == "truth"]["confidence"].isna().all()
    kept = Predictions(project.cache)
    for record in standing.current.values():
        kept._path(record.prediction["confidences"]).unlink(missing_ok=True)
    reasons = list(recorded_objects(whole, standing, project.cache))
    assert all(str(reason).endswith("the file of its confidences is not here") for reason in reasons)
