from __future__ import annotations

from harness.jobs.messages import Backend
from harness.runner.queue import Queue
from tests.runner.bench import a_job

A, B = Backend("python", ("a",)), Backend("python", ("b",))


def test_queue_keeps_order_within_a_backend_and_prefers_the_longest() -> None:
    jobs = [a_job(backend=A), a_job(backend=B), a_job(backend=B)]
    queue = Queue(jobs)
    assert queue.take(None) is jobs[1]
    assert queue.take(A) is jobs[0]
    assert queue.take(A) is None
    assert queue.take(B) is jobs[2]
    assert not queue.is_pending


def test_shared_work_is_done_once_before_others_use_it() -> None:
    part = frozenset([("fit", 1)])
    jobs = [a_job(backend=A, shared=part), a_job(backend=A, shared=part), a_job(backend=A)]
    queue = Queue(jobs)
    assert queue.take(A) is jobs[0]
    assert queue.take(A) is jobs[2]
    assert queue.take(A) is None
    assert queue.is_pending
    queue.done(jobs[0], is_ok=True)
    assert queue.take(A) is jobs[1]


def test_a_job_that_may_not_run_now_is_left_where_it_is() -> None:
    jobs = [a_job(backend=A), a_job(backend=A)]
    queue = Queue(jobs)
    assert queue.take(None, lambda job: False) is None
    assert queue.take(None, lambda job: job is jobs[1]) is jobs[1]
    assert queue.take(None) is jobs[0]


def test_a_job_that_is_put_back_is_the_next_and_holds_nobody_up() -> None:
    part = frozenset([("fit", 1)])
    jobs = [a_job(backend=A, shared=part) for _ in range(2)]
    queue = Queue(jobs)
    assert queue.take(A) is jobs[0]
    queue.again(jobs[0])
    assert queue.take(A) is jobs[0]
    assert queue.take(A) is None


def test_what_exists_already_holds_nobody_up_and_a_failure_lets_the_next_one_try() -> None:
    part = frozenset([("fit", 1)])
    jobs = [a_job(backend=A, shared=part) for _ in range(4)]
    queue = Queue(jobs)
    assert queue.take(A) is jobs[0]
    queue.done(jobs[0], is_ok=False)
    assert queue.take(A) is jobs[1]
    assert queue.take(A) is None
    queue.done(jobs[1], is_ok=True)
    assert [queue.take(A), queue.take(A)] == jobs[2:]
