"""The table of a suite, whatever its kind: the one place where tables know that there are kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.standing import Standing
from harness.tables.build import build_table
from harness.tables.printed import Printed
from harness.tables.scores import ScoreTable
from harness.tables.statements import build_statements

KINDS: Mapping[str, Callable[[Standing, bool], Printed]] = {
    "scores": lambda standing, intervals: ScoreTable(build_table(standing, intervals=intervals)),
    "data-table": lambda standing, _: build_statements(standing),
}


def table_of(standing: Standing, *, intervals: bool = False) -> Printed:
    """Return the table of a suite on a tier; `intervals` asks for those of the means, which statements have not."""
    return KINDS[standing.suite.kind](standing, intervals)
