"""Work that a second process does while this one goes on: two cores are busy where Python's own code keeps one."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from harness.errors import BackendError, HarnessError
from harness.threads import usable_cores

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

AnswerT = TypeVar("AnswerT")


def can_work_beside() -> bool:
    """Whether a forked process has all that pure Python needs: on other systems, and beside other threads, not surely.

    With one core it would only take turns. A process that ends with its parent, as those of a pool do, may have none.
    """
    may_have_one = threading.active_count() == 1 and not multiprocessing.current_process().daemon
    return sys.platform == "linux" and may_have_one and usable_cores() > 1


@contextmanager
def beside(work: Callable[[], AnswerT], *, is_worth_it: bool) -> Iterator[Callable[[], AnswerT]]:
    """Do work while the body runs; what is yielded waits for its end and returns its answer.

    A second process does it. It is forked, so that it has all that lies in memory without reading it again; what it
    changes there stays its own, so that only its answer and the files that it writes count. Where that cannot be
    (`can_work_beside`), or is not worth a fork, this process does the work before the body. Linear algebra of the body
    keeps to one thread, so that sums may round otherwise: threads that wait for each other lose more than they gain
    where a core is taken.

    Raises the `HarnessError` that the work raised, and `BackendError` for a process that ended without an answer. A
    body that is left by an error ends the process.
    """
    if not (is_worth_it and can_work_beside()):
        made = work()
        yield lambda: made
        return
    from threadpoolctl import threadpool_limits

    context = multiprocessing.get_context("fork")
    heard, said = context.Pipe(duplex=False)
    process = context.Process(target=_do, args=(work, said), daemon=True)
    with warnings.catch_warnings():
        # Threads of native libraries hold nothing that the work needs; of Python's there is this one alone.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    said.close()

    @cache
    def answer() -> AnswerT:
        try:
            found: AnswerT | HarnessError = heard.recv()
        except EOFError:
            process.join()
            raise BackendError(f"a second process ended without an answer (exit code {process.exitcode})") from None
        if isinstance(found, HarnessError):
            raise found
        return found

    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield answer
    finally:
        process.kill()  # without effect where it has ended
        process.join()
        heard.close()


def _do(work: Callable[[], Any], said: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal interrupts both: the first process ends this one
    try:
        said.send(work())
    except HarnessError as error:
        said.send(error)
