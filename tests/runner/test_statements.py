from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from harness.errors import ConfigError
from harness.runner.summary import RunSummary
from harness.store import Store
from harness.suite import Selection
from tests.datasets.server import FileServer
from tests.runner.project import Project

TABLE = """
schema = 1
id = "facts"
version = 1
title = "Facts"
kind = "data-table"
table = "dataset-summary"
tiers.smoke = {}
[[data_rows]]
id = "a"
dataset = "dots"
sample = "a"
label = "gold"
values = { count = 1 }
[[data_rows]]
id = "b"
dataset = "dots"
sample = "b"
tiers.smoke = { absent = "not on this tier" }
[[data_rows]]
id = "all"
dataset = "dots"
"""


@pytest.fixture
def table(project: Project) -> Path:
    path = project.folder / "suites" / "facts.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(TABLE, encoding="utf-8")
    return path


def run(project: Project, table: Path, **options: Any) -> RunSummary:
    return project.run(table, **options)


def test_facts_are_computed_once(project: Project, table: Path) -> None:
    assert run(project, table).counts() == {"cells": 2, "computed": 2, "cached": 0, "failed": 0, "missing": 0}
    store = Store(project.results, "facts", 1, "smoke")
    one, all_of = store.statements()
    assert (one.row, all_of.row) == ("a", "all")
    assert one.facts["count"] >= 1
    assert one.source == {"dataset": "dots", "sample": "a", "label": "gold"}
    assert [len(digest) for digest in one.data.values()] == [64]
    assert all_of.facts["samples"] == 4
    before = store.statements_path.read_text(encoding="utf-8")
    assert run(project, table).counts()["cached"] == 2
    assert store.statements_path.read_text(encoding="utf-8") == before


def test_a_changed_row_alone_is_computed_again(project: Project, table: Path) -> None:
    run(project, table)
    table.write_text(TABLE.replace('label = "gold"\nvalues = { count = 1 }', ""), encoding="utf-8")
    summary = run(project, table)
    assert (summary.computed, summary.cached) == (1, 1)
    assert "count" not in Store(project.results, "facts", 1, "smoke").statements()[0].facts


def test_altered_facts_are_computed_again(project: Project, table: Path) -> None:
    run(project, table)
    store = Store(project.results, "facts", 1, "smoke")
    before = store.statements_path.read_text(encoding="utf-8")
    store.statements_path.write_text(before.replace('"samples":4', '"samples":5'), encoding="utf-8")
    summary = run(project, table)
    assert (summary.computed, summary.cached) == (1, 1)
    assert [fact.is_altered for fact in store.statements()] == [False, False]
    assert store.statements()[1].facts["samples"] == 4


def test_a_dry_run_counts_and_writes_nothing(project: Project, table: Path) -> None:
    summary = run(project, table, dry_run=True)
    assert (summary.cells, summary.pending) == (2, 2)
    assert not project.results.exists()


def test_no_row_is_of_a_method_that_failed(project: Project, table: Path) -> None:
    assert run(project, table, failed=True).counts()["cells"] == 0
    assert Store(project.results, "facts", 1, "smoke").statements() == ()


def test_filters_choose_rows(project: Project, table: Path) -> None:
    assert run(project, table, only=Selection(rows=("all",))).counts()["computed"] == 1
    assert run(project, table, only=Selection(datasets=("dots",))).counts() == {
        "cells": 2,
        "computed": 1,
        "cached": 1,
        "failed": 0,
        "missing": 0,
    }
    with pytest.raises(ConfigError, match="suite 'facts' has no row 'b' here"):
        run(project, table, only=Selection(rows=("b",)))
    with pytest.raises(ConfigError, match="suite 'facts' has no stage 'otsu' here"):
        run(project, table, only=Selection(stages=("otsu",)))


def test_data_that_is_not_here_is_missing(project: Project, table: Path) -> None:
    lost = TABLE.replace('dataset = "dots"\nsample = "a"', 'dataset = "lost"\nsample = "a"')
    table.write_text(lost, encoding="utf-8")
    (project.folder / "datasets.toml").open("a").write(
        """
[datasets.lost]
kind = "remote"
title = "lost"
licence = "none"
citation = "nobody"
availability = "private-never-released"
samples.a = {}
labels.gold = { file = "a.h5" }
"""
    )
    summary = run(project, table)
    assert summary.counts() == {"cells": 2, "computed": 1, "cached": 0, "failed": 0, "missing": 1}
    assert not summary.is_complete
    (missing,) = summary.suites[0].missing_cells
    assert missing.cell == "facts smoke: a"
    assert missing.reason.startswith("dataset 'lost': ")


def test_data_tables_and_scores_run_together(project: Project, table: Path) -> None:
    scores = project.suite({"noop": '[{ id = "noop" }]'})
    summary = project.run([table, scores])
    assert [suite.suite for suite in summary.suites] == ["facts", "demo"]
    assert summary.counts()["computed"] == 4


@pytest.mark.parametrize(
    ("is_stated", "note"),
    [
        (True, "checksum stated by the archive's own listing: the data were verified against it at the first download"),
        (False, "no published checksum: the data are pinned by the first download"),
    ],
)
def test_facts_say_what_the_hash_of_their_data_rests_on(
    project: Project, table: Path, is_stated: bool, note: str
) -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.ones((4, 4), dtype=np.uint8))
    content = buffer.getvalue()
    table.write_text(TABLE.replace('dataset = "dots"\nsample = "a"', 'dataset = "listed"\nsample = "a"'))
    with FileServer() as server:
        entry = {"key": "a.tif", "size": len(content), "links": {"self": server.add("/content", content)}}
        if is_stated:
            entry["checksum"] = f"md5:{hashlib.md5(content).hexdigest()}"
        server.add_json(f"/api/records/{int(is_stated)}", {"files": [entry]})
        (project.folder / "datasets.toml").open("a").write(
            f"""
[datasets.listed]
kind = "remote"
title = "listed"
licence = "none"
citation = "nobody"
availability = "open-direct-download"
axes = "YX"
samples.a = {{}}
images.grey = {{ file = "a.tif" }}
labels.gold = {{ file = "a.tif" }}
files = [{{ name = "a.tif", match = ["a.tif"] }}]
listing = {{ archive = "zenodo", record = "{int(is_stated)}", base = "{server.url}" }}
"""
        )
        assert run(project, table, only=Selection(rows=("a",))).counts()["computed"] == 1
    assert Store(project.results, "facts", 1, "smoke").statements()[0].notes == (note,)
