from __future__ import annotations

import pytest

from harness.jobs.messages import Outcome, failure
from harness.model import Status
from harness.runner.attempts import Attempts
from tests.runner.bench import a_job

SIGNALLED = failure("killed", "SIGKILL", "ended by SIGKILL")


@pytest.mark.parametrize(
    ("outcome", "is_tried_again"),
    [
        (Outcome("ok"), False),
        (failure("exception", "ValueError", "no"), False),
        (failure("timeout", "Deadline", "late"), False),
        (failure("killed", "SIGSEGV", "ended by SIGSEGV"), False),
        (failure("killed", "Exit", "exit code 3"), False),
        (failure("lost", "DiskFull", "no space"), False),
        (failure("lost", "FileSystem", "stale"), True),
        (failure("killed", "SIGTERM", "ended by SIGTERM"), True),
        (SIGNALLED, True),
        (failure("lost", "SIGKILL", "ended by SIGKILL before it was ready"), True),
    ],
)
def test_what_may_be_none_of_the_methods_is_tried_again(outcome: Outcome, is_tried_again: bool) -> None:
    assert Attempts(1).is_to_be_tried_again(a_job(), outcome) is is_tried_again
    assert not Attempts(0).is_to_be_tried_again(a_job(), outcome)


@pytest.mark.parametrize(
    ("status_before", "kind", "status"),
    [("killed", "SIGTERM", "lost"), ("killed", "SIGKILL", "killed"), ("lost", "SIGKILL", "lost")],
)
def test_a_signal_of_others_is_never_the_methods_and_a_kill_is_when_it_comes_each_time(
    status_before: Status, kind: str, status: str
) -> None:
    attempts, job = Attempts(2), a_job()
    outcome = failure(status_before, kind, f"ended by {kind}", stage="s", total_s=2.0)
    assert [attempts.is_to_be_tried_again(job, outcome) for _ in range(3)] == [True, True, False]
    last = attempts.last(job, outcome)
    assert (last.status, last.total_s) == (status, 2.0)
    assert last.error is not None
    assert (last.error.type, last.error.message, last.error.stage) == (
        kind,
        f"ended by {kind}, 3 times in a row",
        "s",
    )


def test_what_was_lost_before_is_noted_and_jobs_are_told_apart() -> None:
    attempts, one, other = Attempts(1), a_job(), a_job()
    assert attempts.is_to_be_tried_again(one, SIGNALLED)
    assert attempts.is_to_be_tried_again(other, SIGNALLED)
    assert attempts.last(one, Outcome("ok", notes=("n",))).notes == (
        "n",
        "an attempt before this one was lost: ended by SIGKILL",
    )
    failed = attempts.last(other, failure("exception", "ValueError", "no"))
    assert (failed.status, failed.notes) == ("exception", ("an attempt before this one was lost: ended by SIGKILL",))
    assert attempts.last(one, Outcome("ok")).notes == ()
