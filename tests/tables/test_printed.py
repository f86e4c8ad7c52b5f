"""Both kinds of tables are `Printed`, and nothing that prints asks which it has."""

from __future__ import annotations

import ast
from inspect import getmembers, isfunction
from pathlib import Path

import pytest

import harness
from harness.tables import Printed, ScoreTable, StatementTable

PRINTERS = ("tables/render.py", "tables/api.py", "report/site.py", "report/figure.py", "cli/table.py")


@pytest.mark.parametrize("kind", [ScoreTable, StatementTable])
def test_a_table_has_what_is_printed_of_it(kind: type) -> None:
    own = {*dir(kind), *getattr(kind, "__dataclass_fields__", ())}
    wanted = {name for name, _ in getmembers(Printed, lambda item: isinstance(item, property) or isfunction(item))}
    assert {name for name in wanted if not name.startswith("_")} <= own


@pytest.mark.parametrize("name", PRINTERS)
def test_what_prints_knows_no_kind(name: str) -> None:
    tree = ast.parse((Path(harness.__file__).parent / name).read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"StatementTable", "ScoreTable", "isinstance"}
