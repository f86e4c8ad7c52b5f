from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

import imageio.v3 as imageio
import numpy as np
import pytest

from harness.metrics.errormap import CLASS_COLOURS
from harness.project import Project
from harness.report import samples
from harness.report.samples import (
    SampleHead,
    SampleRow,
    SampleView,
    drawn_views,
    plain_lines,
    plain_views,
    sample_heads,
)
from tests.cli.project import Cli


def heads(cli: Cli) -> tuple[SampleHead, ...]:
    project = Project.find(cli.folder)
    standing = project.results(Path("runs"), project.suite("toy"), "smoke")
    return sample_heads(standing, PurePosixPath("samples/toy"))


def views(cli: Cli, *, drawn: int = 9) -> tuple[SampleView, ...]:
    project = Project.find(cli.folder)
    standing = project.results(Path("runs"), project.suite("toy"), "smoke")
    found = heads(cli)
    plain = plain_views(standing, found[drawn:])
    return (*drawn_views(project, standing, found[:drawn], Path("site")), *plain)


def test_the_worst_sample_and_the_worst_row_come_first(cli: Cli) -> None:
    assert cli("run", "toy")[0] == 0
    means = heads(cli)
    assert means[0].mean <= means[1].mean
    assert {(head.worst, head.best) for head in means} == {("Otsu", "truth")}
    found = views(cli)
    assert [view.name for view in found] == [head.name for head in means]
    assert {view.name for view in found} == {"blobs/a", "blobs/b"}
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
    assert {head.name: head.mean for head in heads(cli)}["blobs/b"] == 0.75
    (cli.folder / "advisories.toml").write_text(
        'schema = 1\n[[advisories]]\nid = "A-1"\ndataset = "blobs"\nreason = "shifted"\naction = "fetch it anew"\n'
    )
    found = {view.name: view for view in views(cli)}
    assert {row.struck for row in found["blobs/b"].rows} == {"advisory A-1: shifted; fetch it anew"}
    assert all(math.isnan(head.mean) for head in heads(cli))


def test_only_the_worst_are_drawn(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("run", "toy")[0] == 0
    monkeypatch.setattr(samples, "MOST_SAMPLES", 1)
    monkeypatch.setattr(samples, "MOST_ROWS", 1)
    first, second = views(cli, drawn=1)
    assert [bool(row.pictures) for row in first.rows] == [True, False]
    assert (len(first.drawn), len(first.others)) == (1, 1)
    assert not second.drawn
    assert "Only the 1 worst" in second.why
    assert {row.why for row in second.rows} == {first.others[0].why}


def test_lines_of_a_table_escape_what_came_from_data() -> None:
    hostile = "<b>'\"&"
    row = SampleRow("otsu", hostile, "0.5000", "map 0.5000", hostile, {"correct": 3}, why=hostile, struck=hostile)
    lines = plain_lines([row, SampleRow("log", "LoG", "undefined", "map undefined", "k2", {})], f"../{hostile}.html")
    escaped = "&lt;b&gt;&#39;&#34;&amp;"
    first, second = str(lines).splitlines()
    assert hostile not in lines
    assert first == (
        f'<tr><td><a href="../{escaped}.html#cell={escaped}">{escaped}</a></td><td><s title="{escaped}">0.5000</s></td>'
        f'<td>3</td>{"<td></td>" * 6}<td class="text">{escaped}</td></tr>'
    )
    assert ">LoG</a></td><td>undefined</td><td></td>" in second
