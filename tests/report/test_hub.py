from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from harness.model import DISTRIBUTION
from harness.project import Project
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


def test_the_hub_s_own_library_reads_every_entry_and_writes_the_same() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extra stardist")
    hub = pytest.importorskip("huggingface_hub", reason="it comes with the extra prompting")
    table = make_table()
    for row in table.rows:
        for url in ("", "https://example.org"):
            text = eval_results(table, row, dataset="owner/board", date="2026-01-31", url=url)
            entries = yaml.safe_load(text)
            read = hub.parse_eval_result_entries(entries)
            assert hub.eval_result_entries_to_yaml(read) == entries, "no key that the hub does not know"
            assert all(isinstance(one.value, float) and one.dataset_id == "owner/board" for one in read)
            assert {one.source_url for one in read} == {url or None}
            assert [datetime.fromisoformat(one.date).year for one in read] == [2026] * len(read)


def test_every_suite_has_a_name_that_a_hub_takes() -> None:
    utilities = pytest.importorskip("huggingface_hub.utils", reason="it comes with the extra prompting")
    for suite in Project.find(Path(__file__).parent).suite_paths:
        utilities.validate_repo_id(f"{DISTRIBUTION}/{suite}")
