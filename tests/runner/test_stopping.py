from __future__ import annotations

import math
import os
import signal
import threading
from dataclasses import dataclass

import pytest

from harness.errors import ConfigError, Gathered, IncompleteError
from harness.runner.stopping import JOB_END, RESERVE_S, Stop, heeding_signals, stated_wall_time_s, wall_time_s


@dataclass
class Hand:
    """A clock that is set by hand."""

    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_nothing_stops_by_itself() -> None:
    stop = Stop()
    assert (stop.is_asked, stop.is_over, stop.left_s) == (False, False, math.inf)


def test_at_a_limit_everything_ends_at_once() -> None:
    clock = Hand()
    stop = Stop(limit_s=5.0, clock=clock)
    clock.now_s += 4.9
    assert (stop.is_asked, stop.is_over) == (False, False)
    clock.now_s += 0.1
    assert (stop.is_asked, stop.is_over, stop.reason) == (True, True, "the time given, 5 s, was over")


def test_before_a_wall_time_cells_may_end_and_tables_be_written() -> None:
    clock = Hand()
    stop = Stop(wall_time_s=100.0, grace_s=20.0, clock=clock)
    clock.now_s += 100.0 - RESERVE_S - 20.0
    assert (stop.is_asked, stop.is_over, stop.left_s) == (True, False, 20.0)
    clock.now_s += 20.0
    assert (stop.is_asked, stop.is_over, stop.reason) == (True, True, "the wall time, 100 s, was near")


def test_a_signal_leaves_a_grace_and_a_second_one_none() -> None:
    clock = Hand()
    stop = Stop(grace_s=7.0, clock=clock)
    stop.ask("SIGTERM")
    assert (stop.is_asked, stop.is_over, stop.left_s, stop.reason) == (True, False, 7.0, "SIGTERM came")
    stop.ask("SIGUSR1")
    assert (stop.is_over, stop.reason) == (True, "SIGTERM came")


def test_a_wall_time_that_leaves_no_time_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"a wall time of 30 s leaves no time for cells.*shorter --grace"):
        Stop(wall_time_s=30.0)


def test_signals_ask_while_a_run_computes_and_end_it_before() -> None:
    stop, said = Stop(grace_s=3.0), []
    before = signal.getsignal(signal.SIGTERM)
    with heeding_signals(stop, said.append):
        stop.is_computing = True
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.is_asked
    assert said == ["SIGTERM came: no cell is begun any more, those at work have 3 s to end"]
    assert signal.getsignal(signal.SIGTERM) == before
    with (
        pytest.raises(IncompleteError, match="SIGUSR1 came before the first cell"),
        heeding_signals(Stop(), said.append),
    ):
        os.kill(os.getpid(), signal.SIGUSR1)


def test_a_signal_before_the_first_cell_is_no_mistake_of_what_it_interrupts() -> None:
    mistakes = Gathered()
    with (
        pytest.raises(IncompleteError, match="SIGTERM came before the first cell"),
        heeding_signals(Stop(), print),
        mistakes.noting(),
    ):
        os.kill(os.getpid(), signal.SIGTERM)
    assert mistakes.problems == []


def test_another_thread_leaves_signals_alone() -> None:
    seen = []

    def run() -> None:
        with heeding_signals(Stop(), seen.append):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("2:30", 150),
        ("1:30:00", 5400),
        ("1-12", 129600),
        ("1-0:30", 88200),
        ("0-0:0:5", 5),
        (" 10 ", 600),
    ],
)
def test_wall_times_are_written_as_slurm_has_them(text: str, seconds: int) -> None:
    assert wall_time_s(text) == seconds


@pytest.mark.parametrize("text", ["", "1h", "1:2:3:4", "-5", "1.5", "1-2-3", "INFINITE"])
def test_other_wall_times_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="accepted, as SLURM has it"):
        wall_time_s(text)


def test_the_end_of_a_job_is_what_slurm_tells_and_a_clock_that_jumped_is_said() -> None:
    said: list[str] = []
    clock = Hand(1000.0)
    assert stated_wall_time_s(said.append, {JOB_END: "1600"}, clock) == 600.0
    assert stated_wall_time_s(said.append, {}, clock) == math.inf
    assert stated_wall_time_s(said.append, {JOB_END: "soon"}, clock) == math.inf
    assert said == []
    assert stated_wall_time_s(said.append, {JOB_END: "400"}, clock) == math.inf
    assert "SLURM_JOB_END_TIME says that this job ended 10 min ago: it is not heeded" in said[0]
