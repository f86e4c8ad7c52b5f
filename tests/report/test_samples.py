from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

import imageio.v3 as imageio
import numpy as np
import pytest

from harness.metrics.errormap import CLASS_COLOURS
from harness.project import Project
from harness.report import samples
from harness.report.samples import SampleView, sample_views
from tests.cli.project import Cli


def views(cli: Cli) -> tuple[SampleView, ...]:
    project = Project.find(cli.folder)
    standing = project.results(Path("runs"), project.suite("toy"), "smoke")
    return sample_views(project, standing, Path("site"), PurePosixPath("samples/toy"))


def test_the_worst_sample_and_the_worst_row_come_first(cli: Cli) -> None:
    assert cli("run", "toy")[0] == 0
    found = views(cli)
    assert {view.name for view in found} == {"blobs/a", "blobs/b"}
    assert found[0].mean <= found[1].mean
    assert [row.row for row in found[0].rows] == ["otsu", "truth"]
    assert found[0].rows[1].score == "map.gonuclear 1.0000"
    assert found[0].page == PurePosixPath(f"samples/toy/{found[0].name.replace('/', '-')}.html")


def test_layers_are_outlines_in_the_colours_of_classes(cli: Cli) -> None:
    assert cli("run", "toy")[0] == 0
    (view, *_) = views(cli)
    truth = next(row for row in view.rows if row.row == "truth")
    assert [layer for layer, _ in truth.pictures] == ["image", "truth", "prediction"]
    whole, dotted = (
        imageio.imread(Path("site/samples/toy") / source.replace("*", "0")) for _, source in truth.pictures[1:]
    )
    assert whole.shape == (48, 48, 4)
    drawn = whole[..., 3] > 0
    assert {tuple(colour) for colour in whole[drawn][:, :3]} == {CLASS_COLOURS["correct"]}
    assert 0 < np.count_nonzero(dotted[..., 3]) < np.count_nonzero(drawn)
    image = imageio.imread(Path("site/samples/toy") / truth.pictures[0][1].replace("*", "0"))
    assert image.shape == (48, 48)


def test_without_predictions_the_page_says_so(cli: Cli) -> None:
    cli.fake_records()
    (view, *_) = views(cli)
    assert not any(row.pictures for row in view.rows)
    assert view.why.startswith("No prediction of this sample was kept here")
    assert view.rows[0].why == "No label image was kept of it."


def test_what_was_altered_is_no_score_and_what_an_advisory_names_is_struck_out(cli: Cli) -> None:
    cli.fake_records()
    path = cli.store().scores_path
    lines = path.read_text().splitlines()
    changed = next(number for number, line in enumerate(lines) if '"row":"otsu"' in line and '"sample":"a"' in line)
    lines[changed] = lines[changed].replace('"map.gonuclear":0.5', '"map.gonuclear":0.9')
    path.write_text("\n".join(lines) + "\n")
    found = {view.name: view for view in views(cli)}
    assert [row.row for row in found["blobs/a"].rows] == ["truth"]
    assert found["blobs/b"].mean == 0.75
    (cli.folder / "advisories.toml").write_text(
        'schema = 1\n[[advisories]]\nid = "A-1"\ndataset = "blobs"\nreason = "shifted"\naction = "fetch it anew"\n'
    )
    found = {view.name: view for view in views(cli)}
    assert {row.struck for row in found["blobs/b"].rows} == {"advisory A-1: shifted; fetch it anew"}
    assert math.isnan(found["blobs/b"].mean)


def test_only_the_worst_are_drawn(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("run", "toy")[0] == 0
    monkeypatch.setattr(samples, "MOST_SAMPLES", 1)
    monkeypatch.setattr(samples, "MOST_ROWS", 1)
    first, second = views(cli)
    assert [bool(row.pictures) for row in first.rows] == [True, False]
    assert not any(row.pictures for row in second.rows)
    assert "Only the 1 worst" in second.why


def test_planes_at_even_distances_and_the_worst() -> None:
    errors = np.zeros(100, int)
    errors[3] = 5
    assert samples._planes([errors]) == (3, 10, 20, 30, 40, 50, 59, 69, 79, 89)
    assert samples._planes([np.zeros(5, int)]) == (0, 1, 2, 3, 4)


def test_names_of_files_are_told_apart() -> None:
    taken: set[str] = set()
    assert [samples._slug(name, taken) for name in ("d/a b", "d/a:b", "D/A-B", "../..", "")] == [
        "d-a-b", "d-a-b-2", "D-A-B-3", "sample", "sample-2",
    ]  # fmt: skip
