from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from harness.jobs.channel import lines, send
from harness.jobs.messages import Done, Message, Ready, StageBegun, WorkerSetup, decode, encode
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
        send(self.jobs, encode(replace(setup, catalogues=(catalogue,), plugins=(plugin,))))
        self._lines = lines(self.events)

    def next(self) -> Message:
        """Return what the worker says next."""
        return decode(Message, next(self._lines))

    def close(self) -> None:
        """Let the worker end."""
        for pipe in (self.jobs, self.life):
            os.close(pipe)
        self.process.wait(20)
        self._lines.close()  # type: ignore[attr-defined]


@pytest.fixture
def pipes(project: Project) -> Iterator[Pipes]:
    made = Pipes(project)
    yield made
    made.close()


def test_worker_says_what_it_is_and_answers_jobs(project: Project, pipes: Pipes) -> None:
    ready = pipes.next()
    assert isinstance(ready.event, Ready)
    assert (ready.process, ready.cell) == (pipes.process.pid, "")
    assert ready.event.environment["threads"] == 1
    assert len(ready.event.fingerprint) == 16
    job = a_job(spec(project, "noop"))
    send(pipes.jobs, encode(job))
    begun, done = pipes.next(), pipes.next()
    assert begun.event == StageBegun("noop")
    assert isinstance(done.event, Done)
    assert (done.event.outcome.status, done.event.is_spent) == ("ok", False)
    assert {(message.process, message.cell) for message in (begun, done)} == {(pipes.process.pid, job.cell.key)}


def test_group_ends_with_the_lifeline(pipes: Pipes) -> None:
    pipes.next()
    children = [child.pid for child in psutil.Process(pipes.process.pid).children(recursive=True)]
    assert children
    os.close(pipes.life)
    pipes.life = os.open(os.devnull, os.O_RDONLY)
    assert pipes.process.wait(10) == -9
    assert all(gone(pid) for pid in children)


def test_worker_leaves_when_there_are_no_more_jobs(pipes: Pipes) -> None:
    pipes.next()
    os.close(pipes.jobs)
    pipes.jobs = os.open(os.devnull, os.O_RDONLY)
    assert pipes.process.wait(20) == 0
