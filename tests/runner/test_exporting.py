from __future__ import annotations

import pytest

from harness.datasets.formats.zarr import open_zarr
from harness.errors import StoreError
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
