"""The table of a suite, whatever its kind: the one place where tables know that there are kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.standing import Standing
from harness.tables.build import build_table
from harness.tables.printed import Printed
from harness.tables.scores import ScoreTable
from harness.tables.statements import build_statements

KINDS: Mapping[str, Callable[[Standing], Printed]] = {
    "scores": lambda standing: ScoreTable(build_table(standing)),
    "data-table": build_statements,
}


def table_of(standing: Standing) -> Printed:
    """Return the table of a suite on a tier."""
    return KINDS[standing.suite.kind](standing)
