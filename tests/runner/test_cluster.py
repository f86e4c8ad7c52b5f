from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import harness
from harness import Selection
from harness.errors import HarnessError, StoreError
from harness.identity import installed_version
from harness.jobs.messages import WorkerSetup, encode, failure
from harness.runner import cluster, machines
from harness.runner.cluster import DaskExecutor
from harness.runner.node import CODE, Answer, Cores, Terms, compute, versions
from harness.store import Record, Store
from tests.runner.project import Project, Recorder
from tests.runner.test_faults import gone

distributed = pytest.importorskip("distributed", reason="the extra 'distributed' is not installed")
dask = pytest.importorskip("dask")

REPOSITORY = Path(__file__).resolve().parents[2]
ROWS = {
    "cut": '[{ id = "smooth", amount = 0.3 }, { id = "cut" }]',
    "learn": '[{ id = "smooth", amount = 0.3 }, { id = "learn" }]',
    "learn-again": '[{ id = "smooth", amount = 0.3 }, { id = "learn" }, ]',
    "wrong": '[{ id = "fault" }]',
}


def told(records: Mapping[Any, Record]) -> dict[Any, object]:
    """What two runs must agree on, bit for bit."""
    return {
        place: (one.cell, one.status, dict(one.metrics), dict(one.counts), dict(one.prediction), one.stages, one.seed)
        for place, one in records.items()
    }


def check_as_local(project: Project, other_cache: Path, **options: Any) -> None:
    """Raise `AssertionError` unless a run on a cluster, with an empty cache, records what a local one does."""
    rows = {name: stages for name, stages in ROWS.items() if name != "learn-again"}
    suite = project.suite(rows, split="folds")
    local = project.run(suite)
    expected = told(project.records())
    project.store().scores_path.unlink()
    with mock.patch.dict(os.environ, HARNESS_CACHE=str(other_cache)):
        found = project.run(suite, executor="dask", **options)
    assert found.counts() == local.counts()
    assert told(project.records()) == expected


@pytest.mark.slow
def test_records_of_four_workers_are_those_of_one_local_worker(project: Project, tmp_path: Path) -> None:
    progress = Recorder()
    check_as_local(project, tmp_path / "other-cache", jobs=4, progress=progress)
    assert len(progress.lines) == 12
    assert any("training on 1 and 1" in line for line in progress.logged)


@pytest.mark.slow
def test_a_lost_machine_is_not_the_methods_fault(project: Project) -> None:
    suite = project.suite({"lost": '[{ id = "fault", how = "lose-node-once" }]'})
    summary = project.run(suite, jobs=1, executor="dask")
    assert project.count("lost") == 1
    assert {record.status for record in project.records().values()} == {"ok"}
    assert summary.counts()["failed"] == 0


@pytest.mark.slow
def test_a_lost_worker_that_begins_anew_too_slowly_for_dask_is_replaced(project: Project) -> None:
    suite = project.suite({"lost": '[{ id = "fault", how = "lose-node-once" }]'}, split="one")
    with dask.config.set({"distributed.deploy.lost-worker-timeout": 0.01}):  # no worker begins in so little time
        summary = project.run(suite, jobs=1, executor="dask")
    assert project.count("lost") == 1
    assert summary.computed == 1


@pytest.mark.slow
def test_a_cell_whose_machines_are_lost_again_and_again_ends_as_lost(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "LOSSES", 0)
    suite = project.suite({"lost": '[{ id = "fault", how = "lose-node" }]'}, split="one")
    project.run(suite, executor="dask")
    (record,) = project.records().values()
    assert record.status == "lost"
    assert record.error is not None
    assert record.error.type == "NodeLost"
    assert record.error.stage == ""


@pytest.fixture
def threads() -> Iterator[Any]:
    """A cluster of one worker in this process."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as made:
        yield made


def test_a_scheduler_is_connected_to_and_what_is_wrong_with_its_machines_is_said(
    project: Project, threads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = project.suite({"noop": '[{ id = "noop" }]'})
    progress = Recorder()
    monkeypatch.setattr(machines, "look", lambda probe, expected, files: (False, []))
    summary = project.run(suite, executor="dask", scheduler=threads.scheduler_address, progress=progress)
    assert summary.computed == 2
    assert any("1 of 1 machines do not see the cache" in line for line in progress.logged)
    monkeypatch.setattr(machines, "look", lambda probe, expected, files: (True, ["numpy 1.0 in place of 2.0"]))
    with pytest.raises(HarnessError, match=r"differ from the one of this run:\n.*: numpy 1\.0 in place of 2\.0"):
        project.run(suite, executor="dask", scheduler=threads.scheduler_address, again=True)


def test_a_signal_ends_a_run_on_a_cluster_that_goes_on_and_its_workers(project: Project, threads: Any) -> None:
    suite = project.suite({"bad": '[{ id = "fault", how = "hang" }]', "noop": '[{ id = "noop" }]'})
    begun = project.traces / "child"

    def end_when_begun() -> None:
        while not begun.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_when_begun, daemon=True).start()
    summary = project.run(suite, executor="dask", scheduler=threads.scheduler_address, grace_s=0.0)
    assert (summary.failed, summary.stopped) == (0, "SIGTERM came")
    assert summary.missing > 0
    assert gone(int(begun.read_text()))


def run_until_the_scheduler_is_gone(project: Project, made: Any, end: Callable[[], Any]) -> None:
    suite = project.suite({"bad": '[{ id = "fault", how = "hang" }]', "noop": '[{ id = "noop" }]'}, split="one")
    begun = project.traces / "child"

    def end_when_begun() -> None:
        while not begun.exists():
            time.sleep(0.05)
        made.sync(end)

    threading.Thread(target=end_when_begun, daemon=True).start()
    with pytest.raises(HarnessError, match="the scheduler of the cluster is gone; run again: what has ended is kept"):
        project.run(suite, executor="dask", scheduler=made.scheduler_address)
    assert gone(int(begun.read_text()))


def test_a_scheduler_that_is_not_reached_any_more_ends_a_run(project: Project, threads: Any) -> None:
    async def end() -> None:
        for comm in list(threads.scheduler.client_comms.values()):
            comm.comm.abort()

    run_until_the_scheduler_is_gone(project, threads, end)


@pytest.mark.slow
def test_a_scheduler_that_ends_ends_a_run_and_what_its_machines_compute(project: Project) -> None:
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "3s"}),  # how long a cluster looks for its scheduler
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
        ) as made,
    ):
        run_until_the_scheduler_is_gone(project, made, made.scheduler.close)


@pytest.mark.usefixtures("_late_when_it_hangs")
def test_limits_hold_on_the_machine_that_computes(project: Project, threads: Any) -> None:
    address = threads.scheduler_address
    late = project.suite({"late": '[{ id = "fault", how = "hang" }]'}, id="late", split="one", deadline_s=1.0)
    large = project.suite({"large": '[{ id = "fault", how = "allocate" }]'}, id="large", split="one", memory_gb=0.6)
    project.run([late, large], executor="dask", scheduler=address)
    statuses = [record.status for name in ("late", "large") for record in project.store(name).records()]
    assert statuses == ["timeout", "out-of-memory"]
    assert gone(int((project.traces / "child").read_text()))


@contextmanager
def foreign(folder: Path) -> Iterator[str]:
    """A scheduler with one worker process, which imports first from a folder."""
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, protocol="tcp") as made:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", made.scheduler_address]
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--name", "another"]
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        worker = subprocess.Popen(
            [*command, *options], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield made.scheduler_address
        finally:
            worker.kill()
            worker.wait()


@pytest.fixture
def pair() -> Iterator[Any]:
    """A cluster of two workers in this process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as made:
        yield made


class Broken:
    """A `compute` that fails on the first machine that it is called on, or on all; it notes where it was called."""

    def __init__(self, how: Callable[[Terms], Answer], *, everywhere: bool = False) -> None:
        self.how = how
        self.everywhere = everywhere
        self.calls: list[str] = []

    def __call__(self, terms: Terms, job: bytes) -> Answer:
        machine = distributed.get_worker().address
        self.calls.append(machine)
        if self.everywhere or machine == self.calls[0]:
            return replace(self.how(terms), machine=machine)
        return compute(terms, job)


BROKEN: list[Callable[[Terms, bytes], Answer]] = []


def broken_compute(terms: Terms, job: bytes) -> Answer:
    """Dask sends a function by its name to machines that are threads of this process."""
    return BROKEN[-1](terms, job)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Broken]]:
    """Sets how machines of the test fail."""

    def set_how(how: Callable[[Terms], Answer], *, everywhere: bool = False) -> Broken:
        made = Broken(how, everywhere=everywhere)
        BROKEN.append(made)
        monkeypatch.setattr(cluster, "compute", broken_compute)
        return made

    yield set_how
    BROKEN.clear()


def full_disk(_: Terms) -> Answer:
    raise OSError(errno.ENOSPC, "No space left on device")


def no_store(_: Terms) -> Answer:
    raise StoreError("the folder cannot be read")


def not_fetched(_: Terms) -> Answer:
    return Answer(encode(failure("lost", "NotFetched", "dataset 'dots': no address answers")), b"", ())


def mistaken(_: Terms) -> Answer:
    raise TypeError("a mistake of ours")


def test_what_one_machine_cannot_compute_another_one_does(
    project: Project, pair: Any, broken: Callable[..., Broken]
) -> None:
    found = broken(not_fetched)
    suite = project.suite({f"noop-{number}": f'[{{ id = "noop", number = {number} }}]' for number in range(4)})
    progress = Recorder()
    summary = project.run(suite, executor="dask", scheduler=pair.scheduler_address, progress=progress)
    assert (summary.computed, summary.failed, summary.is_complete) == (8, 0, True)
    assert len(set(found.calls)) == 2
    lost = [line for line in progress.logged if line.endswith("; it is given out again")]
    assert len(lost) == found.calls.count(found.calls[0])
    assert f"dataset 'dots': no address answers ({found.calls[0]})" in lost[0]
    assert len(found.calls) == 8 + len(lost), "a cell went back to the machine that had lost it"


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        (full_disk, "DiskFull", "No space left on device"),
        (no_store, "StoreError", "the folder cannot be read"),
        (not_fetched, "NotFetched", "no address answers"),
    ],
)
def test_what_no_machine_can_compute_ends_as_lost(
    project: Project, threads: Any, broken: Callable[..., Broken], how: Any, kind: str, message: str
) -> None:
    found = broken(how, everywhere=True)
    suite = project.suite({"noop": '[{ id = "noop" }]'}, split="one")
    project.run(suite, executor="dask", scheduler=threads.scheduler_address)
    (record,) = project.records().values()
    assert record.error is not None
    assert (record.status, record.error.type) == ("lost", kind)
    assert record.error.message.endswith(f"{message} (given out {machines.LOSSES + 1} times)")
    assert len(found.calls) == machines.LOSSES + 1


def test_a_cell_whose_other_machines_are_gone_goes_back_to_the_one_that_lost_it(
    project: Project, pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    ends = threading.Event()

    def computed(terms: Terms, job: bytes) -> Answer:
        calls.append(distributed.get_worker().address)
        if len(calls) == 1:
            return replace(not_fetched(terms), machine=calls[0])
        if calls[-1] != calls[0]:
            ends.wait(60.0)
        return compute(terms, job)

    def close_other() -> None:
        while len(calls) < 2:
            time.sleep(0.05)
        (other,) = [worker for worker in pair.workers.values() if worker.address != calls[0]]
        pair.sync(other.close, executor_wait=False)
        ends.set()

    monkeypatch.setattr(cluster, "compute", broken_compute)
    BROKEN.append(computed)
    threading.Thread(target=close_other, daemon=True).start()
    suite = project.suite({"noop": '[{ id = "noop" }]'}, split="one")
    summary = project.run(suite, executor="dask", scheduler=pair.scheduler_address)
    BROKEN.clear()
    assert (summary.computed, summary.failed) == (1, 0)
    assert (calls[1] != calls[0], calls[2] == calls[0]) == (True, True)


def test_a_cell_goes_back_to_the_only_machine_that_has_room_for_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def computed(terms: Terms, job: bytes) -> Answer:
        calls.append(distributed.get_worker().address)
        return compute(terms, job) if len(calls) > 1 else replace(not_fetched(terms), machine=calls[0])

    monkeypatch.setattr(cluster, "compute", broken_compute)
    BROKEN.append(computed)
    options = [{"nthreads": 1, "resources": {"MEMORY": 2e9}}, {"nthreads": 1}]
    workers = {number: {"cls": distributed.Worker, "options": chosen} for number, chosen in enumerate(options)}
    scheduler = {"cls": distributed.Scheduler, "options": {"dashboard": False, "port": 0}}
    suite = project.suite({"noop": '[{ id = "noop" }]'}, split="one", memory_gb=1.0)
    with distributed.SpecCluster(workers=workers, scheduler=scheduler) as made:
        summary = project.run(suite, executor="dask", scheduler=made.scheduler_address)
    BROKEN.clear()
    assert (summary.computed, len(calls)) == (1, 2)


def test_mistakes_of_ours_are_raised(project: Project, threads: Any, broken: Callable[..., Broken]) -> None:
    found = broken(mistaken)
    suite = project.suite({"noop": '[{ id = "noop" }]'}, split="one")
    with pytest.raises(TypeError, match="a mistake of ours"):
        project.run(suite, executor="dask", scheduler=threads.scheduler_address)
    assert len(found.calls) == 1


@pytest.fixture
def another(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A scheduler, and a worker process that has another NumPy by name and another line in the code of workers."""
    other = tmp_path / "other"
    shutil.copytree(REPOSITORY / "harness", other / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    with (other / "harness" / "worker" / "main.py").open("a") as file:
        file.write("\nANOTHER = 1\n")
    described = other / "numpy-0.1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1\n")
    with foreign(other) as address:
        yield address, installed_version("numpy")


@pytest.mark.slow
def test_a_worker_of_another_harness_and_another_library_is_refused_and_both_are_named(
    project: Project, another: tuple[str, str]
) -> None:
    address, numpy = another
    suite = project.suite({"noop": '[{ id = "noop" }]'})
    with pytest.raises(HarnessError, match="machines of the cluster differ from the one of this run") as refused:
        project.run(suite, executor="dask", scheduler=address)
    assert f"numpy 0.1 in place of {numpy}" in str(refused.value)
    here = versions(())[CODE]
    assert re.search(rf"code of segmentation-harness [0-9a-f]{{12}} in place of {here}", str(refused.value))
    assert not project.records()


def setup_of(cache: Path) -> WorkerSetup:
    return WorkerSetup(cache=str(cache), scratch="", device="cpu", threads=1)


def test_a_cache_that_cannot_be_written_is_said_and_work_goes_on(threads: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    logged: list[str] = []
    address = threads.scheduler_address
    with DaskExecutor(setup_of(tmp_path / "file" / "cache"), workers=1, log=logged.append, scheduler=address):
        pass
    assert len(logged) == 1
    assert re.match(
        r"the cache .*/file/cache cannot be written \(Not a directory\): machines .* use their own", logged[0]
    )


LEFT: list[str] = []


def note_leaving(key: str) -> None:
    """Dask sends a function by its name to machines that are threads of this process."""
    LEFT.append(key)


@pytest.mark.parametrize("scheduler", ["named", ""])
def test_machines_are_asked_to_end_what_they_keep_only_where_they_go_on(
    threads: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheduler: str
) -> None:
    LEFT.clear()
    monkeypatch.setattr(cluster, "client_of", lambda *_: distributed.Client(threads.scheduler_address))
    monkeypatch.setattr(cluster, "leave", note_leaving)
    with DaskExecutor(setup_of(tmp_path), workers=1, log=print, scheduler=scheduler):
        assert len(list(tmp_path.glob(".probe-*"))) == 1
    assert not list(tmp_path.glob(".probe-*"))
    assert bool(LEFT) == bool(scheduler)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "error"),
    [("runner.py", "'harness.runner' is not a package"), ("runner/node.py", "AttributeError.*look")],
)
def test_a_worker_whose_harness_cannot_be_asked_is_refused_and_named(
    project: Project, tmp_path: Path, module: str, error: str
) -> None:
    package = tmp_path / "other" / "harness"
    (package / module).parent.mkdir(parents=True)
    for file in {package / "__init__.py", (package / module).parent / "__init__.py", package / module}:
        file.touch()
    suite = project.suite({"noop": '[{ id = "noop" }]'})
    refused = rf"differ from the one of this run:\ntcp://.*: the harness there cannot answer \(.*{error}"
    with foreign(package.parent) as address, pytest.raises(HarnessError, match=refused):
        project.run(suite, executor="dask", scheduler=address)


@pytest.fixture
def resources() -> Iterator[Any]:
    """A cluster of one worker in this process that declares a GPU and some memory."""
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address=None,
        protocol="tcp",
        resources={"GPU": 1, "MEMORY": 2e9},
    ) as made:
        yield made


def test_cells_ask_for_the_memory_that_machines_declare(project: Project, resources: Any) -> None:
    address = resources.scheduler_address
    small = project.suite({"noop": '[{ id = "noop" }]'}, memory_gb=1.0)
    assert project.run(small, executor="dask", scheduler=address).computed == 2
    large = project.suite({"noop": '[{ id = "noop" }]'}, memory_gb=3.0)
    with pytest.raises(
        HarnessError, match=r"no machine .* has room for it: it takes MEMORY 3e\+09; .* declares is MEMORY 2e\+09"
    ):
        project.run(large, executor="dask", scheduler=address, again=True)


@pytest.mark.slow
@pytest.mark.parametrize("gpus", [("7",), ("GPU-a", "GPU-b")])
def test_a_gpu_of_this_machine_is_given_to_one_cell_at_a_time(
    project: Project, monkeypatch: pytest.MonkeyPatch, gpus: tuple[str, ...]
) -> None:
    monkeypatch.setattr(machines, "visible_gpus", lambda: gpus)
    rows = {f"gpu-{number}": f'[{{ id = "on-gpu", number = {number} }}]' for number in range(4)}
    summary = project.run(project.suite(rows), executor="dask", jobs=4)
    assert (summary.computed, summary.failed) == (8, 0), summary
    used = {path.name.removeprefix("gpus-"): project.count(path.name) for path in project.traces.glob("gpus-*")}
    assert (set(used), sum(used.values())) == (set(gpus), 8)


@pytest.mark.slow
def test_cells_that_need_no_gpu_do_not_wait_for_those_that_do(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "visible_gpus", lambda: ("0",))
    rows = {f"gpu-{number}": f'[{{ id = "on-gpu", number = {number} }}]' for number in range(3)}
    suite = project.suite({**rows, "beside": '[{ id = "beside" }]'}, split="one")
    (project.traces / "wait-for").touch()  # cells on the GPU end only after one beside them
    summary = project.run(suite, executor="dask", jobs=2)
    assert (summary.computed, summary.failed) == (4, 0), summary


@pytest.mark.parametrize(("device", "declared"), [("cpu", {}), ("auto", {"GPU": 1.0})])
def test_workers_here_declare_gpus_only_to_runs_that_may_use_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, declared: dict[str, float]
) -> None:
    monkeypatch.setattr(machines, "visible_gpus", lambda: ("0", "1"))
    with ExitStack() as stack:
        client = machines.client_of("", stack, workers=1, setup=replace(setup_of(tmp_path), device=device))
        (worker,) = client.scheduler_info(n_workers=-1)["workers"].values()
        assert worker["resources"] == declared


def test_a_cell_waits_for_another_gpu_where_the_only_one_is_lost_and_holds_up_no_other(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, bool]] = []

    def computed(terms: Terms, job: bytes) -> Answer:
        calls.append((distributed.get_worker().name, b"on-gpu" in job))
        return compute(terms, job)

    monkeypatch.setattr(cluster, "compute", broken_compute)
    BROKEN.append(computed)
    gpu = {"cls": distributed.Worker, "options": {"nthreads": 1, "resources": {"GPU": 1}}}
    workers = {"first": gpu, "plain": {"cls": distributed.Worker, "options": {"nthreads": 1}}}
    scheduler = {"cls": distributed.Scheduler, "options": {"dashboard": False, "port": 0}}
    rows = {f"gpu-{number}": f'[{{ id = "on-gpu", number = {number} }}]' for number in range(2)}
    beside = {f"beside-{number}": f'[{{ id = "noop", number = {number} }}]' for number in range(8)}
    suite = project.suite({**rows, **beside})

    class Replacing(Recorder):
        def finished(self, line: str, left_s: float | None) -> None:
            super().finished(line, left_s)
            if " gpu-" in line and sum(" gpu-" in one for one in self.lines) == 1:  # the GPU is idle then
                made.sync(made.workers["first"].close, executor_wait=False)
                threading.Thread(target=come, daemon=True).start()

    def come() -> None:
        lost = len(calls)
        while not made.scheduler.unrunnable or len(calls) < lost + 3:
            time.sleep(0.02)
        made.worker_spec["second"] = gpu
        made.scale(len(made.worker_spec))

    progress = Replacing()
    with distributed.SpecCluster(workers=workers, scheduler=scheduler) as made:
        summary = project.run(suite, executor="dask", scheduler=made.scheduler_address, progress=progress)
    BROKEN.clear()
    assert (summary.computed, summary.failed) == (20, 0)
    assert ("second", True) in calls
    assert ("plain", True) not in calls
    assert sum("no machine of the cluster has what some cells need" in line for line in progress.logged) == 1


def test_an_answer_that_is_lost_with_its_machine_is_computed_again_and_others_are_looked_for(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def computed(terms: Terms, job: bytes) -> Answer:
        calls.append(distributed.get_worker().name)
        return compute(terms, job)

    def ended(executor: DaskExecutor, running: Mapping[Any, Any]) -> list[Any]:
        found = real(executor, running)
        if calls.count("second") == 0:
            if len(found) < 2:
                return []
            if made.workers["first"].status.name == "running":
                made.sync(made.workers["first"].close, executor_wait=False)  # its answers are in its memory alone
        return found

    class Replacing(Recorder):
        def log(self, line: str) -> None:
            super().log(line)
            if line == "no machine of the cluster is left: waiting for one":
                made.worker_spec["second"] = worker
                made.scale(len(made.worker_spec))

    real = DaskExecutor._ended
    monkeypatch.setattr(DaskExecutor, "_ended", ended)
    monkeypatch.setattr(cluster, "ANSWER_S", 0.2)
    monkeypatch.setattr(cluster, "compute", broken_compute)
    BROKEN.append(computed)
    worker = {"cls": distributed.Worker, "options": {"nthreads": 2}}
    scheduler = {"cls": distributed.Scheduler, "options": {"dashboard": False, "port": 0}}
    suite = project.suite(
        {f"noop-{number}": f'[{{ id = "noop", number = {number} }}]' for number in (0, 1)}, split="one"
    )
    with distributed.SpecCluster(workers={"first": worker}, scheduler=scheduler) as made:
        summary = project.run(suite, executor="dask", scheduler=made.scheduler_address, progress=Replacing())
    BROKEN.clear()
    assert (summary.computed, summary.failed) == (2, 0)
    assert calls == ["first", "first", "second", "second"]


def test_threads_of_a_cell_are_those_of_the_machines_unless_the_user_says_them(
    project: Project, threads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "cores_here", lambda: Cores("node", tuple(range(3)), 3))
    suite, address = project.suite({"noop": '[{ id = "noop" }]'}), threads.scheduler_address
    progress = Recorder()
    for given, expected in ((None, 3), (2, 2)):
        project.run(suite, executor="dask", scheduler=address, threads=given, progress=progress, again=True)
        assert {timing.threads for timing in project.timings().values()} == {expected}
        assert {one["threads"] for one in project.store().environments().values()} >= {expected}
    told = "threads of a cell: 3, as the cores of the cluster's machines allow (--threads sets them)"
    assert progress.logged.count(told) == 1


class Programs:
    """A scheduler and its workers as processes, as users start them; a worker ends with its nanny."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.begun: list[subprocess.Popen[bytes]] = []

    def scheduler(self) -> subprocess.Popen[bytes]:
        return self._program("dask_scheduler", "--host", "127.0.0.1", "--port", str(self.port))

    def worker(self) -> subprocess.Popen[bytes]:
        return self._program("dask_worker", self.address, "--nthreads", "1", "--memory-limit", "0")

    def _program(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.said").open("ab") as said:
            made = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{name}", "--no-dashboard", *options],
                cwd=self.folder,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self.begun.append(made)
        return made

    @staticmethod
    def kill(program: subprocess.Popen[bytes]) -> None:
        """End a program with the processes that it started, without a word to anybody."""
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    made = Programs(tmp_path)
    yield made
    for program in made.begun:
        made.kill(program)


def when(condition: Callable[[], object], act: Callable[[], object]) -> None:
    """Do something in a thread, once something is so."""

    def wait_and_act() -> None:
        while not condition():
            time.sleep(0.02)
        act()

    threading.Thread(target=wait_and_act, daemon=True).start()


@pytest.mark.slow
def test_cells_of_machines_that_are_gone_with_their_nannies_go_to_the_next_one(
    project: Project, programs: Programs
) -> None:
    rows = {f"waits-{number}": f'[{{ id = "fault", how = "wait", number = {number} }}]' for number in range(2)}
    programs.scheduler()
    only = programs.worker()
    progress = Recorder()

    def lose() -> None:
        programs.kill(only)
        project.go_on(0, 1)

    when(lambda: project.count("waits"), lose)
    when(lambda: progress.logged, programs.worker)
    summary = project.run(
        project.suite(rows, split="one"), executor="dask", scheduler=programs.address, progress=progress
    )
    assert progress.logged == ["no machine of the cluster is left: waiting for one"]
    assert (summary.computed, summary.failed, project.count("waits")) == (2, 0, 3)
    assert [record.status for record in project.store().records()] == ["ok", "ok"]


@pytest.mark.slow
def test_a_scheduler_that_is_there_again_at_once_ends_a_run_and_the_next_one_computes_what_is_left(
    project: Project, programs: Programs
) -> None:
    rows = {f"waits-{number}": f'[{{ id = "fault", how = "wait", number = {number} }}]' for number in range(3)}
    project.go_on(0)
    suite = project.suite(rows, split="one")
    first, worker = programs.scheduler(), programs.worker()
    progress = Recorder()

    def restart() -> None:
        programs.kill(first)
        programs.scheduler()

    when(lambda: progress.lines and project.count("waits") == 2, restart)
    with pytest.raises(HarnessError, match="the scheduler of the cluster is gone; run again: what has ended is kept"):
        project.run(suite, executor="dask", scheduler=programs.address, progress=progress)
    assert [record.status for record in project.store().records()] == ["ok"]
    programs.kill(worker)
    programs.worker()
    project.go_on(1, 2)
    summary = project.run(suite, executor="dask", scheduler=programs.address)
    assert (summary.cached, summary.computed, summary.failed) == (1, 2, 0)
    assert [record.status for record in project.store().records()] == ["ok"] * 3


def test_a_scheduler_that_is_not_there_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "CONNECT_S", 0.5)
    suite = project.suite({"noop": '[{ id = "noop" }]'})
    with pytest.raises(HarnessError, match=r"--scheduler tcp://127\.0\.0\.1:1: nobody answers there"):
        project.run(suite, executor="dask", scheduler="tcp://127.0.0.1:1")


@pytest.mark.slow
def test_records_of_a_trained_network_are_those_of_one_local_worker(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra 'torch' is not installed")
    rows = Selection(rows=("target-only", "untrained"))

    def records(folder: str, **options: Any) -> dict[Any, object]:
        results = tmp_path / folder
        harness.run("table-4.1", tier="smoke", results=results, only=rows, threads=1, progress=Recorder(), **options)
        return told({one.id: one for one in Store(results, "table-4.1", 1, "smoke").records()})

    with mock.patch.dict(os.environ, HARNESS_CACHE=str(tmp_path / "one-cache")):
        expected = records("local")
    with mock.patch.dict(os.environ, HARNESS_CACHE=str(tmp_path / "other-cache")):
        found = records("dask", jobs=4, executor="dask")
    assert len(expected) == 4
    assert found == expected
