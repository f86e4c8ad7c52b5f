"""What runs on a machine of a cluster: one cell at a time, in worker processes of this harness, under its limits."""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import HarnessError
from harness.hashing import hash_value
from harness.identity import installed_version, module_code
from harness.jobs.messages import Job, Outcome, Ready, WorkerSetup, decode, encode
from harness.model import DISTRIBUTION
from harness.runner.local import LocalExecutor

CODE = f"code of {DISTRIBUTION}"
"""Stands among versions for the digest of what a worker runs of this package."""

_HERE = threading.local()
"""The executor of each thread of a node: it keeps its worker process from one cell to the next."""


class NodeMismatchError(HarnessError):
    """A machine of a cluster that has another version of the harness or of a library than the run."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a cell: lines that `decode` reads (`ready` empty where no worker started), and what it logged."""

    outcome: bytes
    ready: bytes
    log: tuple[str, ...]


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of distributions on this machine ("" for what is not there), and the code of the worker."""
    found = {name: installed_version(name) for name in names}
    return {**found, CODE: module_code("harness.worker.main")[:12]}


def differences(expected: Mapping[str, str]) -> list[str]:
    """Return what this machine has otherwise, each with both versions."""
    found = versions(tuple(name for name in expected if name != CODE))
    return [
        f"{name} {found[name] or 'absent'} in place of {version or 'none'}"
        for name, version in expected.items()
        if found[name] != version
    ]


def look(probe: str, expected: Mapping[str, str]) -> tuple[bool, list[str]]:
    """Return whether a file that the run has written is seen here, and what of this machine differs."""
    return Path(probe).is_file(), differences(expected)


def compute(setup: bytes, job: bytes, python: str, expected: Mapping[str, str]) -> Answer:
    """Compute one cell and return what came of it; the cell's deadline and memory limit hold for its process group.

    `python` is the interpreter of the run: where a job names it, that of this machine is meant. Raises
    `NodeMismatchError` on a machine that joined late with other versions.
    """
    wrong = differences(expected)
    if wrong:
        raise NodeMismatchError("; ".join(wrong))
    log: list[str] = []
    asked = decode(Job, job)
    if asked.backend.python == python:
        asked = replace(asked, backend=replace(asked.backend, python=sys.executable))
    (finished,) = _executor(setup, log).run([asked])
    ready = b"" if finished.worker is None else encode(finished.worker)
    return Answer(encode(finished.outcome), ready, tuple(log))


def read(answer: Answer) -> tuple[Outcome, Ready | None]:
    """Return the outcome of an answer, and what its worker said of itself."""
    return decode(Outcome, answer.outcome), decode(Ready, answer.ready) if answer.ready else None


def _executor(setup: bytes, log: list[str]) -> LocalExecutor:
    """Return the executor of this thread for a run, which logs into `log` from now on."""
    key = hash_value(setup.decode())
    if getattr(_HERE, "key", None) != key:
        if getattr(_HERE, "executor", None) is not None:
            _HERE.executor.close()
        _HERE.executor = LocalExecutor(decode(WorkerSetup, setup), workers=1, log=lambda line: _HERE.log.append(line))
        _HERE.key = key
    _HERE.log = log
    executor: LocalExecutor = _HERE.executor
    return executor


def probe_name() -> str:
    """Return a name for a file that nobody else writes."""
    return f".probe-{uuid.uuid4().hex}"
