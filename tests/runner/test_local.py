from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.jobs.channel import PIPE_LOST, Inbox
from harness.jobs.messages import Done, ForeignBytesError, Message, Outcome, WorkerSetup
from harness.runner.local import LocalExecutor, _cause
from tests.runner.bench import a_job


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
