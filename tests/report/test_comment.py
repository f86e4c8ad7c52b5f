from __future__ import annotations

from pathlib import Path

import imageio.v3 as imageio

from harness.project import Project
from harness.report.comment import comment
from tests.cli.project import Cli


def said(cli: Cli, *methods: str, baseline: str = "") -> str:
    project = Project.find(cli.folder, methods=methods)
    suite = project.suite("toy")
    before = project.results(Path(baseline), suite, "smoke") if baseline else None
    standing = project.results(Path("runs"), suite, "smoke")
    return comment(project, standing, before, Path("pictures"), pictures_at="https://example.org/")


def test_new_rows_stand_first_with_their_worst_errors(cli: Cli) -> None:
    assert cli("run", "toy", "--method", "otsu-components")[0] == 0
    text = said(cli, "otsu-components")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows[2].startswith("| **otsu-components** (new) |")
    assert "| no weights |" in rows[2]
    assert "The 2 worst (green correct, red missed" in text
    assert "![errors](https://example.org/worst-1.png)" in text
    assert imageio.imread("pictures/worst-1.png").shape == (48, 48, 3)


def test_rows_of_the_suite_that_changed_are_named(cli: Cli) -> None:
    cli.fake_records(0.5)
    cli.fake_records(0.25, results="published")
    text = said(cli, baseline="published")
    assert "| Otsu | 0.2500 | 0.5000 |" in text
    assert "No label image was kept" in text
    cli.fake_records(0.5, results="same")
    assert "No row of the suite changed." in said(cli, baseline="same")
