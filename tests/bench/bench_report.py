"""A report of 100,000 records: read, joined with cells, ranked and written, beside a bare pass over their lines."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.metrics.errors import TRUTH_CLASSES, count_name
from harness.model import Cell
from harness.project import Project
from harness.report import write_report
from harness.standing import Standing
from harness.store import Record, StageRecord, Store, Timing
from tests.records import make_timing, record_of

ROWS, SAMPLES = 100, 1000
LIMIT_S = 10.0
"""Records that lie on a disk become pages in less than this, on two idle cores."""
METRICS = ("map.canonical", "ap50.canonical", "pq.canonical", "arand.cremi", "count.pred")
CATALOGUE = f"""
schema = 1
[datasets.blobs]
kind = "generated"
title = "Blobs"
licence = "CC0"
citation = "bench"
generator = "nuclei-2d"
parameters = {{ shape = [48, 48], spacing_um = [0.3, 0.3], diameter_um = 4.0 }}
{"".join(f"samples.s{n:04} = {{ parameters = {{ seed = {n} }} }}{chr(10)}" for n in range(SAMPLES))}
"""
SUITE = f"""
schema = 1
id = "large"
version = 1
title = "Large"
metrics = {json.dumps(METRICS)}
spread_over = "samples"
tiers.smoke.data = [{{ dataset = "blobs" }}]
[[matrix]]
id = "row-{{sigma}}"
axes = {{ sigma = [{", ".join(f"{1 + n / 100}" for n in range(ROWS))}] }}
stages = [{{ id = "gaussian", sigma = "{{sigma}}" }}, {{ id = "otsu-components" }}]
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose results folder has a record and a timing for each of 100,000 cells."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "suites").mkdir()
    (folder / "datasets.toml").write_text(CATALOGUE)
    (folder / "suites" / "large.toml").write_text(SUITE)
    project = Project.find(folder)
    cells = project.cells(project.suite("large"), "smoke")
    assert len(cells) == ROWS * SAMPLES
    draw = random.Random(0)
    store = Store(folder / "runs", "large", 1, "smoke")
    (store.folder / "timings").mkdir(parents=True)
    store.scores_path.write_text("".join(f"{_record(cell, draw).to_line()}\n" for cell in cells))
    timings = (_timing(cell, draw).to_line() for cell in cells)
    (store.folder / "timings" / "bench.jsonl").write_text("".join(f"{line}\n" for line in timings))
    return project


def _record(cell: Cell, draw: random.Random) -> Record:
    counts: dict[str, Any] = {
        "objects.truth": 20,
        "objects.pred": 20,
        count_name("pred", "spurious"): draw.randrange(4),
    }
    counts |= {count_name("truth", name): draw.randrange(5) for name in TRUTH_CLASSES}
    for name in ("tp", "fp", "fn"):
        counts[f"{name}.canonical"] = tuple(draw.randrange(20) for _ in range(10))
    counts["iou.canonical"] = tuple(draw.random() for _ in range(10))
    stages = tuple(StageRecord(one.id, one.version, one.parameters, origin=one.origin) for one in cell.chain)
    return replace(record_of(cell, {name: draw.random() for name in METRICS}), counts=counts, stages=stages)


def _timing(cell: Cell, draw: random.Random) -> Timing:
    return replace(make_timing(cell.row, cell.sample, steady_s=(draw.random(),)), cell=cell.key)


@pytest.mark.benchmark(group="report")
def test_a_bare_pass_over_the_lines(benchmark: BenchmarkFixture, large: Project) -> None:
    path = Store(large.root / "runs", "large", 1, "smoke").scores_path

    def passed() -> int:
        return sum(len(json.dumps(json.loads(line))) for line in path.read_text().splitlines())

    benchmark.pedantic(passed, rounds=3, warmup_rounds=1)


def _standing(large: Project) -> Standing:
    project = Project.find(large.root)
    return project.results(large.root / "runs", project.suite("large"), "smoke")


@pytest.mark.benchmark(group="report")
def test_reading_a_hundred_thousand_records(benchmark: BenchmarkFixture, large: Project) -> None:
    assert len(benchmark.pedantic(_standing, args=(large,), rounds=3).records) == ROWS * SAMPLES


@pytest.mark.benchmark(group="report")
def test_pages_of_a_hundred_thousand_records(
    benchmark: BenchmarkFixture, large: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = _standing(large)

    def cleared() -> None:
        shutil.rmtree(tmp_path / "site", ignore_errors=True)
        monkeypatch.setattr(Project, "results", lambda *_: replace(read))  # nothing that was computed of it is kept

    def written() -> Path:
        return write_report(large, large.suites(), large.root / "runs", tmp_path / "site")

    benchmark.pedantic(written, setup=cleared, rounds=3)
    assert (tmp_path / "site" / "large-v1-smoke-records.html").is_file()
    assert len(list((tmp_path / "site" / "samples").rglob("*.html"))) == SAMPLES


@pytest.mark.benchmark(group="report")
def test_from_a_disk_to_pages(benchmark: BenchmarkFixture, large: Project, tmp_path: Path) -> None:
    def reported() -> Path:
        project = Project.find(large.root)
        return write_report(project, project.suites(), large.root / "runs", tmp_path / "site")

    benchmark.pedantic(reported, setup=lambda: shutil.rmtree(tmp_path / "site", ignore_errors=True), rounds=3)
    assert benchmark.stats.stats.median < LIMIT_S
