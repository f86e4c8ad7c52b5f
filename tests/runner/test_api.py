from __future__ import annotations

import math

from tests.runner.project import Project, Recorder

CHAIN = '[{ id = "smooth" }, { id = "cut", level = 0.5 }]'


def test_a_suite_runs_and_leaves_records_and_timings(project: Project) -> None:
    suite = project.suite({"one": CHAIN, "noop": '[{ id = "noop" }]'})
    progress = Recorder()
    summary = project.run(suite, progress=progress)
    assert summary.counts() == {"cells": 4, "computed": 4, "cached": 0, "failed": 0, "missing": 0}
    assert progress.total == len(progress.lines) == 4
    records = project.records()
    assert [*records] == [("one", "a"), ("one", "b"), ("noop", "a"), ("noop", "b")]
    record = records["one", "a"]
    assert record.status == "ok"
    assert set(record.metrics) == {"map.gonuclear", "count.pred"}
    assert record.metrics["count.pred"] == 1
    assert [stage.id for stage in record.stages] == ["smooth", "cut"]
    assert all(len(stage.output) == 64 for stage in record.stages)
    assert record.environment in project.store().environments()
    timing = project.timings()["one", "a"]
    assert timing.threads == 1
    assert all(stage.first_s is not None and not stage.cached for stage in timing.stages)
    assert timing.stages[0].peak_bytes is not None
    assert math.isfinite(timing.total_s)
