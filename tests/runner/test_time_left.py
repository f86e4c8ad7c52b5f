"""What a run expects of the cells that are left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.jobs.messages import Backend, Job, Outcome
from harness.model import Cell
from harness.runner.executor import Finished
from harness.runner.time_left import TimeLeft
from harness.store import StageTiming, Timing
from tests.helpers import Project, temp_project


@pytest.fixture
def jobs(tmp_path: Path) -> dict[str, list[Job]]:
    project: Project = temp_project(tmp_path)
    by_row: dict[str, list[Job]] = {}
    for cell in project.cells(tier="paper"):
        by_row.setdefault(cell.row, []).append(Job(cell, Backend("python"), 60.0, 10**9))
    return by_row


def ended(job: Job, total_s: float, *stages: StageTiming, status: str = "ok") -> Finished:
    return Finished(job, Outcome(status, timings=stages, total_s=total_s))  # type: ignore[arg-type]


def recorded(cell: Cell, total_s: float, *stages: StageTiming) -> Timing:
    return Timing(
        cell.key, cell.row, cell.data.dataset, cell.sample, cell.fold.id, 0, "m", "e", "cpu", 1, stages, total_s
    )


def test_without_anything_measured_nothing_is_said(jobs: dict[str, list[Job]]) -> None:
    left = TimeLeft(jobs["otsu"], (), 1)
    assert left.seconds() is None
    assert left.finished(ended(jobs["otsu"][0], 1.0, status="exception")) is None


def test_an_answer_holds_for_a_while(jobs: dict[str, list[Job]]) -> None:
    now_s = 0.0
    left = TimeLeft(jobs["otsu"], (), 1, refresh_s=1.0, clock=lambda: now_s)
    first = left.finished(ended(jobs["otsu"][0], 1.0))
    assert first is not None
    now_s = 0.9
    assert left.finished(ended(jobs["otsu"][1], 1.0)) == first
    now_s = 1.0
    assert left.finished(ended(jobs["otsu"][2], 1.0)) == pytest.approx(first - 2.0)


def test_trainings_to_come_are_counted(jobs: dict[str, list[Job]]) -> None:
    stage = StageTiming("learn", load_s=0.5, fit_s=100.0, first_s=0.5)
    left = TimeLeft(jobs["net"], (), 1)
    assert left.finished(ended(jobs["net"][0], 101.0, stage)) == pytest.approx(4 * 101.0)
    for job in jobs["net"][1:4]:
        left.finished(ended(job, 101.0, stage))
    assert left.finished(ended(jobs["net"][4], 101.0, stage)) == 0.0


def test_a_model_that_is_there_is_not_trained_again(jobs: dict[str, list[Job]]) -> None:
    stage = StageTiming("learn", load_s=0.5, fit_s=100.0, first_s=0.5, fit_cached=True)
    twice = [*jobs["net"], *jobs["net"]]
    left = TimeLeft(twice, (), 1)
    seconds = [left.finished(ended(job, 1.0, stage)) for job in jobs["net"]]
    assert seconds[-1] == pytest.approx(5.0), "the second half shares the models of the first"


def test_earlier_timings_count_until_the_run_has_its_own(jobs: dict[str, list[Job]]) -> None:
    timings = [recorded(jobs["otsu"][0].cell, 10.0, StageTiming("blur", first_s=9.0), StageTiming("cut", first_s=1.0))]
    left = TimeLeft(jobs["otsu"], timings, 2)
    assert left.seconds() == pytest.approx(5 * 10.0 / 2)
    own = (StageTiming("blur", first_s=1.5), StageTiming("cut", first_s=0.5))
    assert left.finished(ended(jobs["otsu"][0], 2.0, *own)) == pytest.approx(4 * 2.0 / 2)


def test_a_training_of_which_nothing_is_known_is_not_guessed(jobs: dict[str, list[Job]]) -> None:
    trains = [replace(job, shared=frozenset([("fit", "volumes")])) for job in jobs["net"]]
    left = TimeLeft([*jobs["otsu"], *trains], (), 1)
    known = (StageTiming("blur", first_s=1.0), StageTiming("cut", first_s=1.0))
    assert left.finished(ended(jobs["otsu"][0], 2.0, *known)) is None
    stage = StageTiming("learn", load_s=0.5, fit_s=100.0, first_s=0.5)
    assert left.finished(ended(trains[0], 101.0, stage)) == pytest.approx(4 * 2.0 + 4 * 101.0)


def test_rows_of_which_nothing_is_known_count_as_the_others(jobs: dict[str, list[Job]]) -> None:
    left = TimeLeft([*jobs["otsu"], *jobs["net"]], (), 1)
    known = (StageTiming("blur", first_s=1.0), StageTiming("cut", first_s=1.0))
    assert left.finished(ended(jobs["otsu"][0], 2.0, *known)) == pytest.approx(9 * 2.0)
