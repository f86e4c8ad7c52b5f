"""What README says of suites and of the rows of tables 2.5 to 2.8, against the suites and the committed records."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import registry
from harness.datasets import Catalogue, load_catalogue
from harness.model import Cell, Tier
from harness.project import Project
from harness.standing.values import values_of
from harness.statistics import summarise
from harness.status import project_status, suite_columns
from harness.store import Store
from harness.suite import Selection, Suite, expand, load_suite
from harness.tables.markdown import escape, markdown_rows
from tests.bench.figures import kept_table

REPOSITORY = Path(__file__).resolve().parents[1]
TABLES = ("table-2.5", "table-2.6", "table-2.7", "table-2.8")
HEAD = "| row | tables | on the paper tier | smoke | mini: mAP, AP50 in percent |\n|---|---|---|---|---|\n"


def cells_of(suite: Suite, tier: Tier, catalogue: Catalogue, row: str) -> tuple[Cell, ...]:
    return Selection(rows=(row,)).cells(suite, expand(suite, tier, catalogue, registry.stages(), registry.metrics()))


def state_of(suite: Suite, tier: Tier, cells: tuple[Cell, ...]) -> str:
    """Return the scores of a row whose cells all have records, else how many have."""
    cell_of = {cell.id: cell.key for cell in cells}
    stored = Store(REPOSITORY / "results", suite.id, suite.version, tier).records()
    found = [record for record in stored if cell_of.get(record.id) == record.cell and record.status == "ok"]
    if len(found) < len(cells):
        return f"{len(found)} of {len(cells)} cells"
    if tier == "smoke":
        return "recorded"
    means = (summarise(values_of(found, m, suite.spread_over)) for m in ("map.gonuclear", "ap50.gonuclear"))
    return ", ".join(f"{100 * one.mean:.1f} ± {100 * one.sd(suite.file.spread_ddof):.1f}" for one in means)


def status_table() -> str:
    """Return the table as README must show it."""
    catalogue = load_catalogue(REPOSITORY / "datasets.toml")
    suites = {name: load_suite(REPOSITORY / "suites" / f"{name}.toml") for name in TABLES}
    lines: dict[str, str] = {}
    for suite in suites.values():
        for row in suite.rows:
            if row.id in lines:
                continue
            tables = ", ".join(name.removeprefix("table-") for name, s in suites.items() if _has(s, row.id))
            chain = cells_of(suite, "paper", catalogue, row.id)[0].chain
            is_published = any(spec.parameters.get("weights") for spec in chain)
            paper = "published fold weights" if is_published else "trains"
            states = [state_of(suite, tier, cells_of(suite, tier, catalogue, row.id)) for tier in ("smoke", "mini")]
            lines[row.id] = f"| `{row.id}` | {tables} | {paper} | {states[0]} | {states[1]} |\n"
    return HEAD + "".join(lines.values())


def _has(suite: Suite, row: str) -> bool:
    return any(own.id == row for own in suite.rows)


def test_the_status_of_every_row_is_that_of_the_suites_and_records() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    expected = status_table()
    assert expected in text, f"README should say:\n\n{expected}"


def test_the_suites_are_those_that_status_prints() -> None:
    """`harness status --suites --results results` prints what is to stand there."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    header, lines = suite_columns(project_status(Project.find(REPOSITORY), REPOSITORY / "results"))
    expected = markdown_rows(header, ([escape(cell) for cell in line] for line in lines))
    assert expected in text, f"README should say:\n\n{expected}"


@pytest.mark.parametrize("file", ["tests/bench/scale.json", "tests/bench/chains.json", "tests/campaign/figures.json"])
def test_the_figures_of_scale_are_those_that_were_kept(file: str) -> None:
    """`python -m tests.bench.figures FILE` prints what is to stand there."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    expected = kept_table(REPOSITORY / file)
    assert expected in text, f"README should say:\n\n{expected}"
