"""How long 10,000 cells take to load, expand and plan (`tox -e bench`); the goal is under two seconds for both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.standing import Standing
from harness.standing.plan import Plan, plan
from harness.suite import Suite, expand
from tests.helpers import FakeCatalogue, FakeDataset, FakeSample, Project, temp_project
from tests.records import make_timing, record_of

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
    assert len(benchmark(expand, suite, "smoke", own.catalogue, own.stages, own.metrics)) == 10_000


def test_expand_and_plan(benchmark: Any, project: tuple[Project, Suite]) -> None:
    own, suite = project
    records = [record_of(cell) for cell in expand(suite, "smoke", own.catalogue, own.stages, own.metrics)[::2]]
    timings = [make_timing("row-1", f"s{number}") for number in range(5000)]

    def expand_and_plan() -> Plan:
        cells = expand(suite, "smoke", own.catalogue, own.stages, own.metrics)
        return plan(Standing.join(suite, "smoke", cells, records), own.catalogue, timings)

    assert benchmark(expand_and_plan).remaining == 5_000
