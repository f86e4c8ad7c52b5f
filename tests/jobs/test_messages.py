from __future__ import annotations

import json
import math

from harness.jobs.messages import (
    Backend,
    Outcome,
    Recipe,
    WeightsSource,
    WorkerSetup,
    failure,
    job_from_json,
    outcome_from_json,
    setup_from_json,
)
from harness.model import DataSelection, Fold
from harness.store import CellError, StageRecord, StageTiming
from tests.runner.bench import a_job, spec
from tests.runner.project import Project


def test_jobs_survive_the_pipe(project: Project) -> None:
    fold = Fold("1", ("a",), ("b", "c"), ("d",))
    recipe = Recipe(spec(project, "learn"), DataSelection("dots", ("nuclei",), "gold", "gold"), ("a",), ("b",))
    weights = {"w": WeightsSource("/w", "h"), "cooked": WeightsSource("", "r", recipe)}
    job = a_job(spec(project, "smooth", amount=0.5), spec(project, "cut"), fold=fold, weights=weights)
    again = job_from_json(json.loads(json.dumps(job.to_json())))
    assert again.cell == job.cell
    assert again.weights == weights


def test_outcomes_survive_the_pipe() -> None:
    outcome = Outcome(
        "ok",
        metrics={"m": math.nan, "n": 0.1},
        error=CellError("T", "m", "s"),
        stages=(StageRecord("s", 1, {"p": [1]}, None, {"w": "h"}, "o"),),
        timings=(StageTiming("s", steady_s=(1.0, 2.0)),),
        total_s=0.5,
        notes=("n",),
    )
    again = outcome_from_json(json.loads(json.dumps(outcome.to_json())))
    assert math.isnan(again.metrics["m"])
    assert (again.stages, again.timings, again.error) == (outcome.stages, outcome.timings, outcome.error)
    assert (again.status, again.total_s, again.notes, again.device) == ("ok", 0.5, ("n",), "cpu")


def test_set_up_and_backend_names() -> None:
    setup = WorkerSetup("/c", "", "auto", 2, plugins=("p",)).with_scratch("/s")
    assert setup_from_json(json.loads(json.dumps(setup.to_json()))) == setup
    assert setup.scratch == "/s"
    assert (Backend("p").name, Backend("p", ("a", "b")).name) == ("core", "a+b")
    assert failure("killed", "Exit", "m").metrics == {}
