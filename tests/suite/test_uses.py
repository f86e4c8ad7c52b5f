"""Names of uses of stages, and the overrides that address them."""

from __future__ import annotations

import pytest

from harness.errors import ConfigError
from harness.suite.uses import used_names
from tests.helpers import SUITE, Project

TWICE = """
[[rows]]
id = "twice"
stages = [{ id = "blur", as = "first" }, { id = "blur" }, { id = "cut" }]
"""


def problems(project: Project, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        project.suite(text)
    return str(caught.value)


def test_names_take_the_place_of_ids(project: Project) -> None:
    suite = project.suite(SUITE + TWICE)
    assert used_names(suite) == ["blur", "cut", "learn", "first"]
    use = suite.row("twice").stages[0]
    assert (use.id, use.name, use.called, dict(use.parameters)) == ("blur", "first", "first", {})


def test_a_name_changes_no_key(project: Project) -> None:
    plain = project.cells(SUITE + TWICE.replace(', as = "first"', ""))
    named = project.cells(SUITE + TWICE)
    assert [cell.key for cell in plain] == [cell.key for cell in named]
    assert named[-1].chain[0].name == "first"


def test_two_uses_without_names_may_not_be_overridden(project: Project) -> None:
    plain = TWICE.replace(', as = "first"', "")
    assert project.suite(SUITE + plain).row("twice")
    for tier in ("rows.tiers.smoke", "tiers.smoke"):
        found = problems(project, f"{SUITE}{plain}[{tier}.stages.blur]\nsigma = 2.0\n")
        assert f"{tier}.stages.blur" in found.replace("rows.2.", "rows.")
        assert "row 'twice' has 'blur' 2 times in its chain, and this override of tier 'smoke' does not say" in found
        assert '{ id = "blur", as = "first" }' in found


def test_mistakes_in_names(project: Project) -> None:
    assert "2 uses of stages are called 'first'" in problems(
        project, SUITE + TWICE.replace('{ id = "blur" }', '{ id = "blur", as = "first" }')
    )
    assert "'cut' is a stage of its own; name this use of 'blur' otherwise" in problems(
        project, SUITE + TWICE.replace('"first"', '"learn"').replace("learn", "cut")
    )
    for wrong in ("3", '"a b"', '""'):
        found = problems(project, SUITE + TWICE.replace('"first"', wrong))
        assert "accepted: a name of letters, digits" in found
    assert "no stage of this row is called 'frst'; did you mean 'first'?" in problems(
        project, f"{SUITE}{TWICE}[rows.tiers.smoke.stages.frst]\nsigma = 2.0\n"
    )


def test_a_shared_file_overrides_uses_that_its_methods_name(project: Project) -> None:
    shared = project.folder / "suites" / "shared" / "common.toml"
    shared.parent.mkdir(parents=True)
    text = "schema = 1\n[tiers.smoke]\n[tiers.smoke.stages.first]\nsigma = 5.0\n"
    method = '[methods.twice]\nstages = [{ id = "blur", as = "first" }, { id = "blur" }, { id = "cut" }]\n'
    shared.write_text(text + method)
    suite = SUITE.replace("version = 1", 'version = 1\nshared = "shared/common.toml"')
    assert project.suite(suite)
    cells = project.cells(suite + '[[rows]]\nmethod = "twice"\n')
    assert [spec.parameters.get("sigma") for spec in cells[-1].chain] == [5.0, 1.0, None]
    shared.write_text(text.replace("first", "frst") + method)
    assert "unknown stage 'frst'; did you mean 'first'?" in problems(project, suite)


def test_a_stage_is_selected_by_id_and_by_name(project: Project) -> None:
    text = SUITE + TWICE
    assert {cell.row for cell in project.cells(text, stages=["first"])} == {"twice"}
    assert {cell.row for cell in project.cells(text, stages=["blur"])} == {"otsu", "twice"}
