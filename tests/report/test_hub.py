from __future__ import annotations

import re

import pytest

from harness.report.hub import eval_results
from tests.tables.tables import make_table


def test_an_entry_per_metric_that_has_a_value() -> None:
    table = make_table()
    text = eval_results(table, table.rows[1], dataset="owner/board", date="2026-01-31", url="https://example.org")
    assert text.splitlines()[:9] == [
        "- dataset:",
        '    id: "owner/board"',
        '    task_id: "smoke/map"',
        "  value: 0.6",
        '  date: "2026-01-31"',
        "  source:",
        '    url: "https://example.org"',
        '    name: "toy v1"',
        '  notes: "mean over samples, 2 of 4 cells; trains on every tier: 100 % here"',
    ]
    assert len(re.findall("^- dataset:", text, re.MULTILINE)) == 1


def test_it_is_yaml() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extra stardist")
    table = make_table()
    (entry, other) = yaml.safe_load(eval_results(table, table.rows[0], dataset="a/b", date="2026-01-31"))
    assert (entry["dataset"]["id"], entry["value"], entry["date"]) == ("a/b", 1.0, "2026-01-31")
    assert other["value"] == 0.0
