from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from harness.jobs.channel import messages, send
from harness.jobs.messages import WorkerSetup
from tests.runner.bench import a_job, spec
from tests.runner.project import Project
from tests.runner.test_faults import gone


class Pipes:
    """A worker started by hand."""

    def __init__(self, project: Project) -> None:
        jobs, self.jobs = os.pipe()
        self.events, events = os.pipe()
        life, self.life = os.pipe()
        command = [sys.executable, "-m", "harness.worker.main", str(jobs), str(events), str(life)]
        self.process = subprocess.Popen(
            command, pass_fds=(jobs, events, life), start_new_session=True, stdout=subprocess.DEVNULL
        )
        for pipe in (jobs, events, life):
            os.close(pipe)
        setup = WorkerSetup(str(project.cache), str(project.folder), "cpu", 1)
        catalogue, plugin = str(project.folder / "datasets.toml"), str(project.plugin)
        send(self.jobs, {**setup.to_json(), "catalogue": catalogue, "plugins": [plugin]})
        self.received = messages(self.events)


@pytest.fixture
def pipes(project: Project) -> Iterator[Pipes]:
    made = Pipes(project)
    yield made
    for pipe in (made.jobs, made.life):
        os.close(pipe)
    made.process.wait(20)
    made.received.close()  # type: ignore[attr-defined]


def test_worker_says_what_it_is_and_answers_jobs(project: Project, pipes: Pipes) -> None:
    ready = next(pipes.received)
    assert ready["event"] == "ready"
    assert ready["environment"]["threads"] == 1
    assert len(ready["fingerprint"]) == 16
    send(pipes.jobs, a_job(spec(project, "noop")).to_json())
    events = [next(pipes.received), next(pipes.received)]
    assert [event["event"] for event in events] == ["stage", "done"]
    assert events[1]["status"] == "ok"


def test_group_ends_with_the_lifeline(pipes: Pipes) -> None:
    next(pipes.received)
    children = [child.pid for child in psutil.Process(pipes.process.pid).children(recursive=True)]
    assert children
    os.close(pipes.life)
    pipes.life = os.open(os.devnull, os.O_RDONLY)
    assert pipes.process.wait(10) == -9
    assert all(gone(pid) for pid in children)


def test_worker_leaves_when_there_are_no_more_jobs(pipes: Pipes) -> None:
    next(pipes.received)
    os.close(pipes.jobs)
    pipes.jobs = os.open(os.devnull, os.O_RDONLY)
    assert pipes.process.wait(20) == 0
