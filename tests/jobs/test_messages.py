from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from harness.jobs.messages import (
    Backend,
    Done,
    Event,
    ForeignBytesError,
    Job,
    Log,
    Message,
    Outcome,
    Ready,
    Recipe,
    Resumed,
    StageBegun,
    Waiting,
    WeightsSource,
    WorkerSetup,
    decode,
    encode,
    failure,
    mismatch,
)
from harness.model import DataSelection, Fold
from harness.store import CellError, StageRecord, StageTiming
from tests.runner.bench import a_job, spec
from tests.runner.project import Project


def outcome(*stages: StageRecord, **changed: Any) -> Outcome:
    return Outcome("ok", **{"metrics": {"count.pred": 1.0}, "stages": stages, **changed})


def test_jobs_survive_the_pipe(project: Project) -> None:
    fold = Fold("1", ("a",), ("b", "c"), ("d",))
    recipe = Recipe(spec(project, "learn"), DataSelection("dots", ("nuclei",), "gold", "gold"), ("a",), ("b",))
    weights = {"w": WeightsSource("/w", "h"), "cooked": WeightsSource("", "r", recipe)}
    chain = (spec(project, "smooth", amount=0.5), spec(project, "cut"))
    job = a_job(*chain, fold=fold, weights=weights, shared=frozenset([("fit", 1)]))
    again = decode(Job, encode(job))
    assert (again.cell, again.weights, again.shared) == (job.cell, weights, frozenset())


def test_outcomes_survive_the_pipe() -> None:
    sent = outcome(
        StageRecord("s", 1, {"p": [1], "q": "x", "n": 1.0}, None, {"w": "h"}, "o"),
        metrics={"m": math.nan, "n": 0.1, "i": math.inf},
        error=CellError("T", "m", "s"),
        timings=(StageTiming("s", steady_s=(1.0, 2.0)),),
        total_s=0.5,
        notes=("n",),
    )
    line = encode(Message(1, "key", Done(sent, is_spent=True)))
    assert b"\n" not in line
    event = decode(Message, line).event
    assert isinstance(event, Done)
    again = event.outcome
    assert math.isnan(again.metrics["m"])
    assert (again.metrics["n"], again.metrics["i"]) == (0.1, math.inf)
    assert (again.stages, again.timings, again.error) == (sent.stages, sent.timings, sent.error)
    assert (again.status, again.total_s, again.notes, again.device) == ("ok", 0.5, ("n",), "cpu")
    assert event.is_spent


@pytest.mark.parametrize(
    "event", [Ready({"threads": 1}, "f", "m"), StageBegun("s"), Waiting("s"), Resumed("s"), Log("line\nä")]
)
def test_events_survive_the_pipe(event: Event) -> None:
    again = decode(Message, encode(Message(3, "key", event)))
    assert (again.process, again.cell, again.event) == (3, "key", event)


@pytest.mark.parametrize(
    "line", [b"", b"hello", b"{}", b"[1]", b'{"process": 1, "cell": "", "event": {"event": "x"}}', b"\xff" * 200]
)
def test_foreign_bytes_are_no_message(line: bytes) -> None:
    with pytest.raises(ForeignBytesError, match="no message; found"):
        decode(Message, line)


def test_an_answer_is_held_against_the_chain_and_the_metrics_of_its_cell(project: Project) -> None:
    smooth = spec(project, "smooth", amount=0.5)
    job = a_job(smooth)
    stage = StageRecord("smooth", smooth.version, smooth.parameters)
    assert mismatch(job, outcome(stage)) == ""
    assert mismatch(job, failure("killed", "Exit", "m")) == ""
    for other in (replace(stage, parameters={"amount": 0.6}), replace(stage, id="cut"), replace(stage, version=9)):
        assert "the answer is of the chain" in mismatch(job, outcome(other))
    assert "the answer is of the chain" in mismatch(job, outcome())
    assert "the answer has the metrics" in mismatch(job, outcome(stage, metrics={"other": 1.0}))


def test_names_that_are_not_utf8_survive_the_pipe() -> None:
    setup = WorkerSetup("/c\udcff", "", "cpu", 1)
    assert decode(WorkerSetup, encode(setup)) == setup


def test_set_up_and_backend_names() -> None:
    setup = WorkerSetup("/c", "", "auto", 2, plugins=("p",)).with_scratch("/s")
    assert decode(WorkerSetup, encode(setup)) == setup
    assert setup.scratch == "/s"
    assert (Backend("p").name, Backend("p", ("a", "b")).name) == ("core", "a+b")
    assert failure("killed", "Exit", "m").metrics == {}


def test_recipes_that_stand_on_others_survive_the_pipe(project: Project) -> None:
    data = DataSelection("dots", ("nuclei",), "gold", "gold")
    base = Recipe(spec(project, "tune"), data, ("a",), ())
    weights = {
        "w": WeightsSource(
            "", "t", Recipe(spec(project, "tune"), data, ("b",), (), {"g": WeightsSource("", "g", base)})
        )
    }
    job = a_job(spec(project, "cut"), weights=weights)
    assert decode(Job, encode(job)).weights == weights
