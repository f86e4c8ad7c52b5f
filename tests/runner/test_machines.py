from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from unittest import mock

import pytest

from harness.errors import HarnessError, IncompleteError
from harness.runner import machines
from harness.runner.machines import checked_machines, client_of, threads_of_cells
from harness.runner.node import Cores, cores_here
from harness.runner.stopping import Stop
from harness.threads import usable_cores

distributed = pytest.importorskip("distributed", reason="the extra 'distributed' is not installed")


class Machines:
    """A client whose machines answer what they are told to."""

    cluster = None

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def wait_for_workers(self, count: int, timeout: float) -> None:
        if not self.answers:
            raise TimeoutError

    def run(self, function: object, *_: object, on_error: str) -> dict[str, Any]:
        return self.answers


def test_machines_are_counted_and_those_that_do_not_see_the_cache_named() -> None:
    client: Any = Machines({"b": (False, []), "a": (True, []), "c": (False, [])})
    assert checked_machines(client, "probe", {}, []) == (3, ["b", "c"])


def test_machines_that_differ_are_refused_each_with_what_differs() -> None:
    client: Any = Machines({"b": (True, ["numpy 1 in place of 2", "x absent in place of 1"]), "a": (True, [])})
    with pytest.raises(HarnessError, match=r"b: numpy 1 in place of 2; x absent in place of 1"):
        checked_machines(client, "probe", {}, [])


def test_machines_that_cannot_look_are_named_with_those_that_differ() -> None:
    lacking = ModuleNotFoundError("No module named 'harness'")
    client: Any = Machines({"b": (True, ["numpy 1 in place of 2"]), "a": lacking, "c": (True, [])})
    with pytest.raises(HarnessError) as refused:
        checked_machines(client, "probe", {}, [])
    assert str(refused.value).splitlines()[1:] == [
        "a: the harness there cannot answer (ModuleNotFoundError: No module named 'harness')",
        "b: numpy 1 in place of 2",
    ]


def test_a_machine_that_is_lost_while_it_looks_is_none_any_more() -> None:
    lost = distributed.comm.CommClosedError("in <TCP>: Stream is closed")
    assert checked_machines(Machines({"a": (True, []), "b": lost}), "probe", {}, []) == (1, [])  # type: ignore[arg-type]
    machines_left: Any = Machines({"b": lost})
    replies = iter([{"b": lost}, {"c": (False, [])}])
    machines_left.run = lambda *_, **__: next(replies)
    assert checked_machines(machines_left, "probe", {}, []) == (1, ["c"]), "all are lost, and another one comes"


def test_an_interrupt_during_the_start_of_a_cluster_comes_after_it_and_closes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = []

    @contextmanager
    def made(**_: Any) -> Iterator[None]:
        try:
            yield
        finally:
            ended.append("closed")

    def interrupted(**options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return made(**options)

    monkeypatch.setattr(distributed, "SpecCluster", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), ExitStack() as stack:
            client_of("", stack)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == ["closed"]


def test_a_cluster_without_machines_is_said() -> None:
    client: Any = Machines({})
    with pytest.raises(HarnessError, match=r"no machine of the cluster came within 0\.1 s"):
        checked_machines(client, "probe", {}, [], limit_s=0.1)
    ended = r"no machine of the cluster came before the time given, 0 s, was over; run again: nothing is lost"
    with pytest.raises(IncompleteError, match=ended):
        checked_machines(client, "probe", {}, [], stop=Stop(limit_s=0.0))


@pytest.mark.parametrize(
    ("cores", "threads"),
    [
        ({"a": Cores("one", (0, 1, 2, 3), 4)}, 4),
        ({"a": Cores("one", (0, 1, 2, 3), 4), "b": Cores("one", (0, 1, 2, 3), 4)}, 2),
        ({"a": Cores("one", (0, 1), 2), "b": Cores("one", (2, 3), 2)}, 2),
        ({"a": Cores("one", (0, 1, 2, 3), 4), "b": Cores("two", (0, 1, 2, 3), 3)}, 3),
        ({"c": Cores("one", tuple(range(32)), 32)}, 4),
        ({"c": Cores("one", (0,), 1)}, 1),
    ],
)
def test_cells_share_the_cores_of_their_machine_and_the_fewest_count(cores: dict[str, Any], threads: int) -> None:
    client: Any = mock.Mock(**{"run.return_value": cores, "nthreads.return_value": {"a": 1, "b": 1, "c": 8}})
    assert threads_of_cells(client) == threads


def test_the_cores_of_a_worker_are_those_of_its_process() -> None:
    found = cores_here()
    assert found.count == usable_cores()
    assert not found.numbers or len(found.numbers) >= found.count


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "CONNECT_S", 0.5)
    with pytest.raises(HarnessError, match="nobody answers there"), ExitStack() as stack:
        client_of("tcp://127.0.0.1:1", stack)


def test_workers_of_this_machine_of_which_one_is_lost_before_it_is_there_are_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []

    def fails_until(last: int) -> Any:
        def made(**options: Any) -> Any:
            calls.append(len(options["workers"]))
            if len(calls) < last:
                raise RuntimeError("Nanny failed to start.") from OSError("killed")
            return nullcontext("tcp://here")

        return made

    monkeypatch.setattr(distributed, "Client", lambda cluster: cluster)
    monkeypatch.setattr(distributed, "SpecCluster", fails_until(machines.LOSSES + 1))
    with ExitStack() as stack:
        assert client_of("", stack, workers=4) == "tcp://here"
    assert calls == [4] * (machines.LOSSES + 1)
    monkeypatch.setattr(distributed, "SpecCluster", fails_until(100))
    with ExitStack() as stack, pytest.raises(HarnessError, match=r"4 workers of Dask do not start .* machine: killed"):
        client_of("", stack, workers=4)


def test_what_dask_prints_of_a_lost_connection_is_left_to_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: nullcontext())
    loggers = [logging.getLogger(name) for name in machines.CONNECTION_LOGS]
    before = [logger.level for logger in loggers]
    with ExitStack() as stack:
        client_of("tcp://there", stack)
        assert not any(logger.isEnabledFor(logging.ERROR) for logger in loggers)
    assert [logger.level for logger in loggers] == before
