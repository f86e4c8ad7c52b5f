from __future__ import annotations

import numpy as np

from harness.datasets.formats.tiff import open_tiff
from harness.project import Project
from harness.submission import asked_samples, write_images
from tests.cli.project import CATALOGUE, Cli


def test_images_state_axes_and_voxel_size_and_hold_no_truth(cli: Cli) -> None:
    project = Project.find(cli.folder)
    asked = asked_samples(project, project.suite("toy"), "smoke")
    paths = write_images(asked, cli.folder / "images")
    assert [path.name for path in paths] == ["a.tif", "b.tif"]
    for path, one in zip(paths, asked, strict=True):
        stored = open_tiff(path)
        assert (stored.axes, stored.spacing_um) == ("YX", (0.3, 0.3))
        np.testing.assert_array_equal(stored.read((slice(None), slice(None))), one.image.array)


def test_a_suite_of_several_datasets_has_a_folder_for_each(cli: Cli) -> None:
    more = CATALOGUE + CATALOGUE[CATALOGUE.index("[datasets.blobs]") : CATALOGUE.index("[datasets.absent]")].replace(
        "datasets.blobs", "datasets.drops"
    )
    (cli.folder / "datasets.toml").write_text(more)
    suite = cli.folder / "suites" / "toy.toml"
    suite.write_text(
        suite.read_text().replace(
            'data = [{ dataset = "blobs" }]', 'data = [{ dataset = "blobs" }, { dataset = "drops" }]'
        )
    )
    code, out, _ = cli("images", "toy", "--to", "images")
    assert (code, out.split()) == (
        0,
        ["images/blobs/a.tif", "images/blobs/b.tif", "images/drops/a.tif", "images/drops/b.tif"],
    )
