"""How long 10,000 cells take to load, expand and plan (`tox -e bench`); the goal is under two seconds for both."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.suite import Suite, expand, plan
from tests.helpers import FakeCatalogue, FakeDataset, FakeSample, Project, temp_project

SHAPES = {"many rows": (1000, 10), "many samples": (10, 1000)}


def _text(rows: int) -> str:
    return f"""
    schema = 1
    id = "demo"
    version = 1
    title = "Benchmark"
    metrics = ["map.toy", "arand.toy"]
    tiers.smoke.data = [{{ dataset = "d" }}]
    [[matrix]]
    id = "row-{{n}}"
    axes = {{ n = [{", ".join(str(n) for n in range(1, rows + 1))}] }}
    stages = [{{ id = "blur", sigma = 1.5 }}, {{ id = "cut", size = ["{{n}}", 2] }}]
    """


@pytest.fixture(params=SHAPES)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Project, Suite]:
    rows, samples = SHAPES[request.param]
    base = temp_project(tmp_path)
    dataset = FakeDataset("d", {f"s{n}": FakeSample() for n in range(samples)})
    own = Project(tmp_path, FakeCatalogue([dataset]), base.stages, base.metrics)
    return own, own.suite(_text(rows))


def test_load(benchmark: Any, project: tuple[Project, Suite]) -> None:
    own, suite = project
    text = suite.path.read_text(encoding="utf-8")
    assert benchmark(own.suite, text).rows


def test_expand(benchmark: Any, project: tuple[Project, Suite]) -> None:
    own, suite = project
    assert len(benchmark(expand, suite, "smoke", own.catalogue, own.stages)) == 10_000


def test_expand_and_plan(benchmark: Any, project: tuple[Project, Suite]) -> None:
    own, suite = project
    done = [cell.key for cell in expand(suite, "smoke", own.catalogue, own.stages)[::2]]
    timings = [SimpleNamespace(row="row-1", total_s=1.0, stages=()) for _ in range(5000)]
    found = benchmark(plan, suite, "smoke", own.catalogue, own.stages, done=done, timings=timings)
    assert found.remaining == 5_000
