"""A table of scores as a `Printed`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.tables import Printed, ScoreTable, Table
from harness.tables.model import ClaimLine, Failure
from tests.tables.tables import make_curve_table, make_sweep_table, make_table


def printed(table: Table) -> Printed:
    return ScoreTable(table)


def test_what_it_says_is_what_its_value_says() -> None:
    table = make_table()
    shown = printed(table)
    assert (shown.suite, shown.version, shown.tier) == (table.suite, table.version, table.tier)
    assert shown.heading.startswith(table.title)
    assert shown.row_count == len(table.rows) == sum(len(lines) for _, lines in shown.grid.groups)
    assert shown.lines[0].startswith(f"suite {table.suite} v{table.version}")
    assert shown.machine == table.machine
    assert shown.json()["suite"] == table.suite
    assert shown.csv().splitlines()[0].startswith("suite,version")
    assert shown.markdown().startswith("# ")
    assert shown.latex().startswith("\\begin{table}")


@pytest.mark.parametrize(("outcome", "is_broken"), [("holds", False), ("does not hold", True), ("open", False)])
def test_a_claim_that_does_not_hold_breaks_it(outcome: str, is_broken: bool) -> None:
    claim = ClaimLine("c", "so it is", "", outcome, "", "")  # type: ignore[arg-type]
    shown = printed(replace(make_table(), claims=(claim,)))
    assert (shown.is_broken, list(shown.claims)) == (is_broken, [claim])


def test_it_is_complete_without_failed_and_missing_cells() -> None:
    whole = replace(make_table().rows[0], cells=2, ok=2, failed=0, missing=0)
    assert printed(replace(make_table(), rows=(whole,))).is_complete
    broken = printed(replace(make_table(), rows=(replace(whole, ok=0, failed=1, missing=1),)))
    assert (broken.is_complete, broken.state) == (False, "1 failed, 1 missing")
    failure = Failure("otsu", "blobs/a", "timeout", "late")
    assert list(printed(replace(make_table(), failures=(failure,))).failures) == [failure]


def test_only_what_can_be_drawn_is_a_figure_and_all_of_it_is_data() -> None:
    shown = printed(make_sweep_table())
    assert [figure.figure.name for figure in shown.figures] == ["figure-4.13", "figure-4.15"]
    assert list(shown.files()) == ["figure-4.13.csv", "figure-4.15.csv"]
    curves = make_curve_table()
    nothing = printed(replace(curves, rows=tuple(row for row in curves.rows if row.id == "gone")))
    assert list(nothing.files()) == ["curve.csv"]
    assert not list(nothing.figures)
