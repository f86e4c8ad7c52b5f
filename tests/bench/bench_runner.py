"""Overhead of the harness: no-op cells in an isolated warm worker, and a run in which everything is done.

Run with `pytest tests/bench/bench_runner.py`; the figures are seconds per round of `CELLS` cells.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from harness.jobs.messages import Job
from harness.runner.local import LocalExecutor
from tests.runner.project import Project, Recorder

CELLS = 500


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path / "project").write()
    monkeypatch.setenv("TEST_TRACES", str(made.traces))
    return made


def noop_suite(project: Project, cells: int) -> Path:
    rows = {f"r{number}": f'[{{ id = "noop", number = {number} }}]' for number in range(cells // 4)}
    return project.suite(rows, split="four", metrics=["count.pred"])


def test_noop_cell_with_durable_record(benchmark: Any, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds from the first finished cell to the last record on disk: the worker is warm from then on."""
    stamps: list[float] = []
    real = LocalExecutor.run

    def run(self: LocalExecutor, jobs: list[Job]) -> Any:
        for finished in real(self, jobs):
            stamps.append(time.perf_counter())
            yield finished

    monkeypatch.setattr(LocalExecutor, "run", run)

    def once() -> None:
        stamps.clear()
        assert project.run(noop_suite(project, CELLS)).computed == CELLS
        project.store().scores_path.unlink()

    benchmark.pedantic(once, rounds=1)
    cell_s = (stamps[-1] - stamps[0]) / (CELLS - 1)
    benchmark.extra_info["ms_per_warm_cell"] = cell_s * 1e3
    assert cell_s < 0.010


def test_fully_cached_run(benchmark: Any, project: Project) -> None:
    """Seconds of a run of cells that all have their record; suite and catalogue are read, no worker is started."""
    suite = noop_suite(project, CELLS)
    assert project.run(suite).computed == CELLS

    def once() -> None:
        assert project.run(suite, progress=Recorder()).cached == CELLS

    benchmark.pedantic(once, rounds=5)
    assert benchmark.stats["min"] < 1.0
