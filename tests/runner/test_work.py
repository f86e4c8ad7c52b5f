from __future__ import annotations

from contextlib import ExitStack

import harness
from harness.jobs.messages import Outcome, Ready, failure
from harness.runner.backends import BackendChooser
from harness.runner.executor import Finished
from harness.runner.order import Order
from harness.runner.preparing import Preparation
from harness.runner.work import SuiteWork
from harness.store import Code, Store
from harness.suite import EVERYTHING, Selection
from tests.runner.project import Project

WORKER = Ready({"python": "3", "threads": 3}, "f", "m")


def work(project: Project, stack: ExitStack, only: Selection = EVERYTHING, **how: bool) -> SuiteWork:
    rows = {"noop": '[{ id = "noop" }]', "other": '[{ id = "other-python" }]'}
    found = harness.Project.find(project.folder, plugins=[project.plugin])
    suite = found.suite(project.suite(rows, deadline_s=5.0, memory_gb=2.0))
    preparation = Preparation(found.catalogue, found.stages)
    chooser = BackendChooser(found.stages)
    order = Order(found, project.results, only, preparation, chooser, lambda line: None, Code("c"), **how)
    begun = SuiteWork(order, suite, "smoke")
    begun.begin(stack)
    return begun


def test_jobs_carry_limits_and_results_become_records(project: Project) -> None:
    with ExitStack() as stack:
        one = work(project, stack)
        jobs = [task.job for task in one.tasks]
        assert [(job.cell.row, job.deadline_s, job.memory_bytes) for job in jobs][::2] == [
            ("noop", 5.0, 2 * 10**9),
            ("other", 5.0, 2 * 10**9),
        ]
        good, bad = jobs[:2]
        line = one.keep(Finished(good, Outcome("ok", metrics={"pq": 0.5}, total_s=1.0), WORKER))
        assert line == "demo smoke: noop on dots/a: ok, 1.00 s"
        one.keep(Finished(bad, failure("timeout", "Deadline", "late", stage="noop")))
        summary = one.summary()
        assert (summary.computed, summary.failed, summary.cached) == (1, 1, 0)
        assert summary.failures[0].message == "late in stage 'noop'"
    store = Store(project.results, "demo", 1, "smoke")
    kept = {record.sample: record for record in store.records()}
    assert (kept["a"].environment, kept["b"].environment) == ("f", "")
    assert kept["b"].data, "a failure says on what data it happened"
    timings = [(timing.sample, timing.threads) for timing in store.timings()]
    assert timings == [("a", 3)], "seconds of a failure mean nothing"
    assert store.environments() == {"f": {"python": "3", "threads": 3}}


def test_filters_choose_jobs_and_dry_runs_write_nothing(project: Project) -> None:
    with ExitStack() as stack:
        one = work(project, stack, Selection(rows=("other",)), dry_run=True)
        assert [task.job.cell.row for task in one.tasks] == ["other", "other"]
        assert one.summary().pending == 2
    assert not project.results.exists()


def test_again_makes_jobs_of_cells_that_have_scores(project: Project) -> None:
    with ExitStack() as stack:
        one = work(project, stack)
        for task in one.tasks:
            task.keep(Finished(task.job, Outcome("ok", metrics={"pq": 0.5}, total_s=1.0), WORKER))
    with ExitStack() as stack:
        assert not work(project, stack, dry_run=True).tasks
        assert len(work(project, stack, dry_run=True, again=True).tasks) == 4
