from __future__ import annotations

import pytest

from harness.errors import HarnessError
from harness.suite import expand
from harness.suite.methods import with_methods
from harness.suite.suite import Suite
from tests.helpers import Project


def laid_over(project: Project, *methods: str) -> Suite:
    return with_methods(project.suite(), methods, project.stages, project.metrics)


def test_a_chain_in_one_line_becomes_a_row_beside_the_others(project: Project) -> None:
    suite = laid_over(project, "blur?sigma=3.0 -> cut?level=0.25&mode=median&size=[2, 3]")
    assert [row.id for row in suite.rows] == ["otsu", "net", suite.added[0]]
    row = suite.rows[-1]
    assert row.group == "Not of the suite"
    assert row.label == "blur?sigma=3.0 -> cut?level=0.25&mode=median&size=[2, 3]"
    assert [(use.id, dict(use.parameters)) for use in row.stages] == [
        ("blur", {"sigma": 3.0}),
        ("cut", {"level": 0.25, "mode": "median", "size": [2, 3]}),
    ]


def test_cells_of_the_suites_own_rows_stay_what_they_are(project: Project) -> None:
    plain = expand(project.suite(), "smoke", project.catalogue, project.stages, project.metrics)
    joined = expand(laid_over(project, "blur -> cut"), "smoke", project.catalogue, project.stages, project.metrics)
    assert joined[: len(plain)] == plain
    (added,) = joined[len(plain) :]
    assert added.row == "blur-cut"
    assert [spec.id for spec in added.chain] == ["blur", "cut"]


def test_a_file_of_rows_is_laid_over(project: Project) -> None:
    path = project.folder / "mine.toml"
    path.write_text('[[rows]]\nid = "mine"\ngroup = "Mine"\nstages = [{ id = "blur" }, { id = "cut" }]\n')
    suite = laid_over(project, str(path), "learn?steps=3")
    assert suite.added == ("mine", "learn-steps-3")
    assert suite.rows[2].group == "Mine"


def test_laying_over_twice_adds_nothing(project: Project) -> None:
    once = laid_over(project, "blur -> cut")
    assert with_methods(once, ["learn"], project.stages, project.metrics) is once


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("blur -> ct", "--method:1: rows.0.stages.1.id (row 'blur-ct'): unknown stage 'ct'; did you mean 'cut'"),
        ("blur?sgima=1 -> cut", "--method:1: rows.0.stages.0.sgima"),
        ("cut", "reads 'probability', which nothing before it makes"),
        ("blur -> ", "--method: a stage without an id"),
        ("blur?sigma -> cut", "--method: stage 'blur': found 'sigma'; accepted: parameter=value"),
        ("absent.toml", "absent.toml: cannot be read"),
    ],
)
def test_mistakes_name_the_method(project: Project, method: str, message: str) -> None:
    with pytest.raises(HarnessError) as caught:
        laid_over(project, method)
    assert message in str(caught.value)


def test_mistakes_of_a_file_name_its_line(project: Project) -> None:
    path = project.folder / "mine.toml"
    path.write_text('[[rows]]\nid = "otsu"\nstages = [{ id = "blur" }, { id = "cut" }]\n')
    with pytest.raises(HarnessError, match=r"mine\.toml:2: rows\.0\.id: row 'otsu' is declared twice"):
        laid_over(project, str(path))
    path.write_text('[[rows]]\nid = "a"\nstages = [{ id = "blur" }, { id = "cut", level = "x" }]\n')
    with pytest.raises(HarnessError, match=r"mine\.toml:3: rows\.0\.stages\.1\.level"):
        laid_over(project, str(path))
