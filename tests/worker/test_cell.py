from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.jobs.messages import StageBegun
from harness.model import Fold, ScoredPair
from harness.stages.contract import Context, Example, Stage
from harness.worker.cell import execute, warm_up
from tests.runner.bench import a_job, spec, workbench
from tests.runner.project import Project


def test_cell_in_process(project: Project) -> None:
    bench, _ = workbench(project)
    warm_up()
    outcome = execute(bench, a_job(spec(project, "smooth"), spec(project, "cut"))).outcome
    assert outcome.status == "ok"
    assert outcome.metrics == {"count.pred": 1.0}
    assert outcome.data == bench.samples.content_hash("dots", "a")
    assert outcome.prediction == {"labels": outcome.stages[-1].output}
    assert bench.predictions.find(outcome.prediction["labels"], "labels") is not None
    assert outcome.total_s >= sum(timing.first_s or 0 for timing in outcome.timings)


def test_a_disk_that_keeps_no_prediction_fails_no_cell(project: Project) -> None:
    bench, _ = workbench(project)
    (project.cache / "predictions").parent.mkdir(exist_ok=True)
    (project.cache / "predictions").write_text("a file where a folder should be")
    outcome = execute(bench, a_job(spec(project, "smooth"), spec(project, "cut"))).outcome
    assert outcome.status == "ok"
    assert outcome.prediction == {"labels": outcome.stages[-1].output}
    assert outcome.notes == ("the prediction is not kept",)


def test_rows_with_the_same_stages_share_the_cache_whatever_they_are_called(project: Project) -> None:
    bench, _ = workbench(project)
    chain = (spec(project, "smooth", amount=0.3), spec(project, "cut"))
    first = execute(bench, a_job(*chain, row="one")).outcome
    second = execute(bench, a_job(*chain, row="two")).outcome
    assert [timing.cached for timing in second.timings] == [True, True]
    assert first.stages == second.stages


def test_a_use_is_called_by_its_name_in_records_timings_and_failures(project: Project) -> None:
    bench, events = workbench(project)
    noisy = replace(spec(project, "smooth", amount=0.3), name="first")
    plain = execute(bench, a_job(spec(project, "smooth", amount=0.3), spec(project, "cut"))).outcome
    outcome = execute(bench, a_job(noisy, spec(project, "cut"))).outcome
    assert [(stage.id, stage.name) for stage in outcome.stages] == [("smooth", "first"), ("cut", "")]
    assert [timing.called for timing in outcome.timings] == ["first", "cut"]
    assert [stage.output for stage in outcome.stages] == [stage.output for stage in plain.stages]
    assert project.count("smooth") == 1, "a name is no part of what identifies an output"
    failed = execute(bench, a_job(replace(spec(project, "fault"), name="again"))).outcome
    assert failed.error is not None
    assert failed.error.stage == "again"
    assert StageBegun("again") in events


def test_failure_names_the_stage_at_work_and_forgets_loaded_models(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    bench, _ = workbench(project)
    execute(bench, a_job(spec(project, "smooth"), spec(project, "cut")))
    outcome = execute(bench, a_job(spec(project, "smooth"), spec(project, "fault"))).outcome
    assert outcome.error is not None
    assert outcome.error.stage == "fault"
    assert "Traceback" in capsys.readouterr().err
    execute(bench, a_job(spec(project, "smooth"), spec(project, "cut"), sample="b"))
    assert project.count("cut-load") == 2


def test_training_examples_pass_the_stages_before(project: Project) -> None:
    bench, _ = workbench(project)
    fold = Fold("1", ("a",), ("b",), ())
    chain = (spec(project, "half"), spec(project, "smooth"), spec(project, "learn"))
    outcome = execute(bench, a_job(*chain, fold=fold)).outcome
    assert outcome.error is not None
    assert outcome.error.message.startswith("the chain's labels have shape (16, 16)")
    assert project.count("smooth") == 2, "once for the training sample, once for the test sample"


def test_a_stage_learns_what_an_earlier_one_made_and_validates_on_the_truth(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = workbench(project)
    learn = bench.registry.get("learn")
    seen: list[set[str]] = []

    def fit(self: Stage, training: list[Example], validation: list[Example], context: Context, model: Path) -> None:
        seen.extend(set(example.targets) for example in (*training, *validation))
        (model / "level.txt").write_text("0.5 1", encoding="utf-8")

    monkeypatch.setattr(learn, "fit", fit)
    monkeypatch.setattr(learn, "learns", lambda self: ("distance",))
    monkeypatch.setattr(learn, "validates", lambda self: ("truth",))
    fold = Fold("1", ("a",), ("b",), ("b",))
    outcome = execute(bench, a_job(spec(project, "smooth"), spec(project, "learn"), fold=fold)).outcome
    assert outcome.status == "ok"
    assert seen == [{"distance"}, {"truth"}]


@pytest.mark.parametrize(("run_only", "models"), [(("bias",), 1), ((), 2)])
def test_rows_that_differ_in_prediction_alone_share_a_model(
    project: Project, run_only: tuple[str, ...], models: int
) -> None:
    bench, _ = workbench(project)
    fold = Fold("1", ("a",), ("b",), ())
    for bias in (0.125, 0.25):
        learn = replace(spec(project, "learn", bias=bias), run_only=run_only)
        assert execute(bench, a_job(spec(project, "smooth"), learn, fold=fold)).outcome.status == "ok"
    assert project.count("fit") == models


def test_a_chain_that_ends_with_reals_is_scored_above_the_threshold(project: Project) -> None:
    bench, _ = workbench(project)
    job = a_job(spec(project, "smooth"))
    soft = ScoredPair("", "distance", "truth", ("count.pred", "sbd.mask"), 10.0)
    outcome = execute(bench, replace(job, cell=replace(job.cell, scores=(soft,)))).outcome
    assert outcome.status == "ok"
    assert outcome.metrics["count.pred"] == 1
    assert 0 < outcome.metrics["sbd.mask"] <= 1
    assert set(outcome.prediction) == {"distance"}
