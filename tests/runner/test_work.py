from __future__ import annotations

from contextlib import ExitStack

from harness.datasets import load_catalogue
from harness.jobs.messages import Outcome, Ready, failure
from harness.runner.executor import Finished
from harness.runner.work import Filters, SuiteWork, WorkPlanner
from harness.store import Code, Store
from harness.suite import load_suite
from tests.runner.bench import tiny_registry
from tests.runner.project import Project

WORKER = Ready({"python": "3"}, "f", "m")


def work(project: Project, stack: ExitStack, filters: Filters, *, dry_run: bool = False) -> SuiteWork:
    registry = tiny_registry(project)
    rows = {"noop": '[{ id = "noop" }]', "other": '[{ id = "other-python" }]'}
    suite = load_suite(project.suite(rows, deadline_s=5.0, memory_gb=2.0), stages=registry)
    planner = WorkPlanner(load_catalogue(project.folder / "datasets.toml"), registry, filters, log=lambda line: None)
    return SuiteWork(planner, suite, "smoke", project.results, stack, dry_run=dry_run)


def test_jobs_carry_limits_and_results_become_records(project: Project) -> None:
    with ExitStack() as stack:
        one = work(project, stack, Filters())
        assert [(job.cell.row, job.deadline_s, job.memory_bytes) for job in one.jobs][::2] == [
            ("noop", 5.0, 2 * 10**9),
            ("other", 5.0, 2 * 10**9),
        ]
        good, bad = one.jobs[:2]
        line = one.keep(Finished(good, Outcome("ok", metrics={"pq": 0.5}, total_s=1.0), WORKER), Code("c"), 2)
        assert line == "demo smoke: noop on dots/a: ok, 1.00 s"
        one.keep(Finished(bad, failure("timeout", "Deadline", "late", stage="noop")), Code("c"), 2)
        summary = one.summary()
        assert (summary.computed, summary.failed, summary.cached) == (1, 1, 0)
        assert summary.failures[0].message == "late in stage 'noop'"
    store = Store(project.results, "demo", 1, "smoke")
    kept = {record.sample: record for record in store.records()}
    assert (kept["a"].environment, kept["b"].environment) == ("f", "")
    assert kept["b"].data, "a failure says on what data it happened"
    assert [timing.sample for timing in store.timings()] == ["a"], "seconds of a failure mean nothing"
    assert store.environments() == {"f": {"python": "3"}}


def test_filters_choose_jobs_and_dry_runs_write_nothing(project: Project) -> None:
    with ExitStack() as stack:
        one = work(project, stack, Filters(rows=["other"]), dry_run=True)
        assert [job.cell.row for job in one.jobs] == ["other", "other"]
        assert one.summary().pending == 2
    assert not project.results.exists()
    assert Filters().is_empty
    assert not Filters(folds=["1"]).is_empty
