from __future__ import annotations

from pathlib import Path

from harness.jobs.messages import WorkerSetup
from harness.runner.executor import Executor
from harness.runner.local import LocalExecutor


def test_the_local_executor_is_one_and_ends_without_jobs(tmp_path: Path) -> None:
    setup = WorkerSetup(str(tmp_path), str(tmp_path), "cpu", 1)
    executor: Executor = LocalExecutor(setup, workers=1, log=lambda line: None)
    assert list(executor.run([])) == []
    executor.close()
