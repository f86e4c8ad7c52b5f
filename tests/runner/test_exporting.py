from __future__ import annotations

import numpy as np
import pytest

from harness.datasets.formats.zarr import open_zarr
from harness.errors import StoreError
from harness.metrics import Pair
from harness.metrics.errormap import class_map, error_map
from harness.model import Scope
from harness.project import Project as WholeProject
from harness.runner.exporting import export_cell, recorded_cell
from tests.runner.project import Project


def test_cells_are_found_by_key_and_by_name(project: Project) -> None:
    path = project.suite({"good": "[{ id = 'smooth' }, { id = 'cut' }]"})
    project.run(path)
    whole = WholeProject(project.folder, (project.plugin,), (project.folder / "datasets.toml",))
    suite = whole.suite(path)
    cell, record = recorded_cell(whole, "good on dots/a", project.results, suite)
    assert recorded_cell(whole, cell.key, project.results, suite) == (cell, record)
    assert recorded_cell(whole, str(cell), project.results, suite) == (cell, record)
    with pytest.raises(StoreError, match="no cell 'good on dots/x' with scores; did you mean 'good on dots/"):
        recorded_cell(whole, "good on dots/x", project.results, suite)
    written = export_cell(whole, cell, record, project.folder / "out", project.cache)
    assert written.name == "good-dots-a.ome.zarr"
    assert open_zarr(written, "labels/prediction").shape == (32, 32)


def test_maps_are_of_what_was_compared(project: Project) -> None:
    path = project.suite({"good": "[{ id = 'sure' }]\nignore = 1\nborder = 'drop'"})
    assert project.run(path).failed == 0
    whole = WholeProject(project.folder, (project.plugin,), (project.folder / "datasets.toml",))
    cell, record = recorded_cell(whole, "good on dots/a", project.results, whole.suite(path))
    assert cell.scores[0].scope == Scope(1, "drop")
    written = export_cell(whole, cell, record, project.folder / "out", project.cache)
    truth, pred, ignored, errors, classes = (
        np.asarray(open_zarr(written, f"labels/{name}").handle[...])
        for name in ("truth", "prediction", "ignored", "errors", "classes")
    )
    np.testing.assert_array_equal(ignored, truth == 1)
    assert ignored.any()
    compared = Pair(truth, pred, ignore=1, border="drop").images
    assert (compared[0] != np.where(truth == 1, 0, truth)).any(), "an object of the truth is dropped at the border"
    np.testing.assert_array_equal(errors, error_map(*compared))
    np.testing.assert_array_equal(classes, class_map(*compared))
    assert not errors[ignored > 0].any()


def test_a_label_image_of_the_data_is_ignored(project: Project) -> None:
    path = project.suite({"good": "[{ id = 'sure' }]\nignore = { image = 'gold' }"})
    assert project.run(path).failed == 0
    whole = WholeProject(project.folder, (project.plugin,), (project.folder / "datasets.toml",))
    cell, record = recorded_cell(whole, "good on dots/a", project.results, whole.suite(path))
    written = export_cell(whole, cell, record, project.folder / "out", project.cache)
    truth, ignored = (np.asarray(open_zarr(written, f"labels/{name}").handle[...]) for name in ("truth", "ignored"))
    np.testing.assert_array_equal(ignored, truth > 0)
