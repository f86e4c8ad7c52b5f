from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from harness.jobs.channel import PIPE_LOST, Inbox
from harness.jobs.messages import Backend, Done, ForeignBytesError, Message, Outcome, WorkerSetup
from harness.runner import api, local
from harness.runner.local import LocalExecutor, _cause
from harness.runner.queue import Queue
from tests.runner.bench import a_job
from tests.runner.project import Project, Recorder


def test_causes_of_death_have_names() -> None:
    assert _cause(-signal.SIGSEGV) == ("SIGSEGV", "the worker was ended by SIGSEGV")
    assert _cause(-40) == ("signal 40", "the worker was ended by signal 40")
    assert "memory ran out" in _cause(-signal.SIGKILL)[1]
    assert _cause(None) == _cause(PIPE_LOST) != _cause(3)
    assert _cause(3) == ("Exit", "the worker left with exit code 3")


class Chatty:
    """A worker that says more after what ends it."""

    ready, stage, deadline_s = None, "", 0.0
    log_path = Path("chatty.log")

    def __init__(self) -> None:
        self.job: Any = a_job()
        self._pipe = os.pipe()
        self.inbox = Inbox(self._pipe[0])
        self.kills = 0

    def messages(self) -> Iterator[Message]:
        yield Message(1, self.job.cell.key, Done(Outcome("ok", metrics={"another": 1.0})))
        raise ForeignBytesError("what comes after that")

    def keep_log(self) -> bool:
        return False

    def kill(self) -> None:
        self.kills += 1
        for end in self._pipe:
            os.close(end)


def test_a_worker_that_was_ended_by_what_it_said_is_not_ended_again(tmp_path: Path) -> None:
    worker: Any = Chatty()
    with LocalExecutor(WorkerSetup(str(tmp_path), "", "cpu", 1), workers=1, log=print) as executor:
        executor._workers.append(worker)
        executor._selector.register(worker.inbox.fd, selectors.EVENT_READ, worker)
        (finished,) = executor._read_events(worker)
        assert finished.outcome.error is not None
        assert (finished.outcome.status, finished.outcome.error.type) == ("killed", "ForeignBytes")
    assert worker.kills == 1


class Begun(Chatty):
    """A worker that computes until it is told otherwise."""

    def __init__(self, backend: Backend, setup: WorkerSetup, gpu: str | None) -> None:
        super().__init__()
        self.backend, self.gpu, self.job = backend, gpu, None


def rows_on_gpu(count: int) -> dict[str, str]:
    return {f"gpu-{number}": f'[{{ id = "on-gpu", number = {number} }}]' for number in range(count)}


@pytest.mark.parametrize("gpus", [("7",), ("GPU-a", "GPU-b")])
def test_a_gpu_of_this_machine_is_given_to_one_cell_at_a_time(
    project: Project, monkeypatch: pytest.MonkeyPatch, gpus: tuple[str, ...]
) -> None:
    monkeypatch.setattr(api, "visible_gpus", lambda: gpus)
    rows = rows_on_gpu(4) | {"elsewhere": '[{ id = "other-python" }]', "beside": '[{ id = "noop" }]'}
    progress = Recorder()
    summary = project.run(project.suite(rows), jobs=3, progress=progress)
    assert (summary.computed, summary.failed) == (12, 0), summary
    used = {path.name.removeprefix("gpus-"): project.count(path.name) for path in project.traces.glob("gpus-*")}
    assert (set(used), sum(used.values())) == (set(gpus), 8)
    said = f"cells that can use a GPU run {len(gpus)} at a time: each has one of its own"
    assert progress.logged.count(said) == 1


def test_cells_that_need_no_gpu_do_not_wait_for_those_that_do(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "visible_gpus", lambda: ("0",))
    suite = project.suite({**rows_on_gpu(3), "beside": '[{ id = "beside" }]'}, split="one")
    (project.traces / "wait-for").touch()  # cells on the GPU end only after one beside them
    summary = project.run(suite, jobs=2)
    assert (summary.computed, summary.failed) == (4, 0), summary


@pytest.mark.parametrize(("jobs", "device"), [(1, "auto"), (2, "cpu")])
def test_a_run_of_one_cell_at_a_time_leaves_gpus_to_it_and_one_on_the_cpu_has_none(
    project: Project, monkeypatch: pytest.MonkeyPatch, jobs: int, device: Literal["auto", "cpu"]
) -> None:
    monkeypatch.setattr(api, "visible_gpus", lambda: ("7",))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,7")
    project.run(project.suite(rows_on_gpu(1), split="one"), jobs=jobs, device=device)
    assert [path.name for path in project.traces.glob("gpus-*")] == ["gpus-3,7" if device == "auto" else "gpus--1"]


def test_a_worker_that_holds_the_gpu_idly_makes_way_for_one_of_another_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []

    def begin(*given: Any) -> Begun:
        begun.append(Begun(*given))
        return begun[-1]

    monkeypatch.setattr(local, "WorkerProcess", begin)
    first, second = Backend("python-a"), Backend("python-b")
    setup = WorkerSetup(str(tmp_path), "", "auto", 1)
    with LocalExecutor(setup, workers=3, log=print, gpus=["7"], uses_gpu=lambda job: True) as executor:
        for backend in (first, second):
            executor._queue = Queue([replace(a_job(), backend=backend)])
            executor._assign()
            begun[-1].job = None
        assert [(worker.backend, worker.gpu, worker.kills) for worker in begun] == [(first, "7", 1), (second, "7", 0)]
        executor._uses_gpu = lambda job: False
        executor._queue = Queue([replace(a_job(), backend=first) for _ in range(3)])
        executor._assign()
        assert [worker.gpu for worker in begun[2:]] == [None, None, None]
        assert begun[1].kills == 1, "there is room for three"


def test_a_worker_with_a_gpu_takes_no_other_cell_while_one_waits_for_the_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "WorkerProcess", Begun)
    first, second = Backend("python-a"), Backend("python-b")
    on_gpu = [replace(a_job(), backend=backend) for backend in (first, second)]
    plain = [replace(a_job(), backend=first) for _ in range(5)]
    setup = WorkerSetup(str(tmp_path), "", "auto", 1)
    with LocalExecutor(setup, workers=2, log=print, gpus=["7"], uses_gpu=on_gpu.__contains__) as executor:
        executor._queue = Queue([on_gpu[0], *plain, on_gpu[1]])
        executor._assign()
        assert [(worker.job, worker.gpu) for worker in executor._workers] == [(on_gpu[0], "7"), (plain[0], None)]
        executor._queue.done(on_gpu[0], is_ok=True)
        executor._workers[0].job = None
        executor._assign()
        assert [(worker.job, worker.gpu) for worker in executor._workers] == [(plain[0], None), (on_gpu[1], "7")]
        executor._queue.done(on_gpu[1], is_ok=True)
        executor._workers[1].job = None
        executor._assign()
        assert [(worker.job, worker.gpu) for worker in executor._workers] == [(plain[0], None), (plain[1], None)]


@pytest.mark.parametrize("needs_gpu", [True, False])
def test_of_idle_workers_the_one_with_the_gpu_makes_way_for_who_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needs_gpu: bool
) -> None:
    monkeypatch.setattr(local, "WorkerProcess", Begun)
    backends = [Backend(f"python-{name}") for name in "abc"]
    plain, on_gpu, last = (replace(a_job(), backend=backend) for backend in backends)
    asked = (on_gpu, last) if needs_gpu else (on_gpu,)
    setup = WorkerSetup(str(tmp_path), "", "auto", 1)
    with LocalExecutor(setup, workers=2, log=print, gpus=["7"], uses_gpu=asked.__contains__) as executor:
        for jobs in ([plain, on_gpu] if needs_gpu else [on_gpu, plain], [last]):
            for job in jobs:
                executor._queue = Queue([job])
                executor._assign()
            for worker in executor._workers[: 2 * (jobs != [last])]:
                worker.job = None
        left = {worker.backend: worker.gpu for worker in executor._workers}
        assert left == ({backends[0]: None, backends[2]: "7"} if needs_gpu else {backends[1]: "7", backends[2]: None})


def test_a_library_that_is_broken_here_fails_its_own_cells(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "visible_gpus", lambda: ("7",))
    (project.traces / "broken").touch()
    summary = project.run(project.suite({**rows_on_gpu(1), "noop": '[{ id = "noop" }]'}, split="one"), jobs=2)
    assert (summary.computed, summary.failed) == (1, 1)
    (record,) = (record for record in project.records().values() if record.status != "ok")
    assert record.error is not None
    assert "libcudart" in record.error.message
