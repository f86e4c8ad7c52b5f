from __future__ import annotations

import errno
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.jobs.messages import Job, StageBegun
from harness.model import Fold, Scope, ScoredPair, Volume
from harness.scoring import score
from harness.stages.contract import Context, Example, Stage
from harness.stages.values import Confidences
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


RANKED = ScoredPair("", "labels", "truth", ("count.pred", "coco.ap50"))


def ranked(job: Job) -> Job:
    return replace(job, cell=replace(job.cell, scores=(RANKED,)))


def test_confidences_reach_the_metrics_and_are_kept(project: Project) -> None:
    bench, _ = workbench(project)
    outcome = execute(bench, ranked(a_job(spec(project, "sure")))).outcome
    assert outcome.status == "ok"
    labels = bench.predictions.find(outcome.prediction["labels"], "labels")
    kept = bench.predictions.find(outcome.prediction["confidences"], "confidences")
    assert isinstance(labels, Volume)
    assert isinstance(kept, Confidences)
    truth = bench.samples.slots(a_job().cell.data, "a", truth="gold")["truth"].volume()
    expected = score(labels.array, truth.array, "coco.ap50", confidences=kept.by_object())
    assert outcome.metrics["coco.ap50"] == expected["coco.ap50"]
    cached = execute(bench, ranked(a_job(spec(project, "sure"), row="again"))).outcome
    assert cached.timings[0].cached
    assert cached.metrics == outcome.metrics
    assert project.count("sure") == 1


def test_confidences_of_other_objects_are_the_stage_s_failure(project: Project) -> None:
    bench, _ = workbench(project)
    outcome = execute(bench, ranked(a_job(spec(project, "sure", of=100)))).outcome
    assert outcome.error is not None
    assert outcome.error.stage == "sure"
    assert "returned confidences with none for object" in outcome.error.message


def test_labels_made_anew_have_no_confidences(project: Project) -> None:
    bench, _ = workbench(project)
    chain = (spec(project, "sure"), spec(project, "smooth"), spec(project, "cut"))
    outcome = execute(bench, a_job(*chain)).outcome
    assert set(outcome.prediction) == {"labels"}
    failed = execute(bench, ranked(a_job(*chain))).outcome
    assert failed.error is not None
    assert "the method gives no confidences of its objects" in failed.error.message


def test_what_the_scores_ignore_is_not_taught(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, _ = workbench(project)
    seen: list[Example] = []

    def fit(self: Stage, training: list[Example], validation: list[Example], context: Context, model: Path) -> None:
        seen.extend((*training, *validation))
        (model / "level.txt").write_text("0.5 1", encoding="utf-8")

    monkeypatch.setattr(bench.registry.get("learn"), "fit", fit)
    fold = Fold("1", ("a",), ("b",), ("c",))

    def run(ignore: int | str | None, *before: str) -> list[Example]:
        seen.clear()
        job = a_job(*(spec(project, name) for name in (*before, "smooth", "learn")), fold=fold)
        pair = replace(job.cell.scores[0], scope=Scope(ignore))
        execute(bench, replace(job, cell=replace(job.cell, scores=(pair,))))
        return list(seen)

    assert [example.ignored for example in run(None)] == [None, None]
    for example in run(2):
        assert example.ignored is not None
        np.testing.assert_array_equal(example.ignored.array, example.targets["truth"].array == 2)
    for example in run("gold"):
        assert example.ignored is not None
        np.testing.assert_array_equal(example.ignored.array, example.targets["truth"].array)
    for name in (2, "gold"):
        for example in run(name, "half"):
            assert example.ignored is not None
            assert example.ignored.array.shape == example.targets["truth"].array.shape == (16, 16)
    assert run(2) == [], "the same model is not trained twice"


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


def test_a_log_that_cannot_grow_ends_no_worker(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    bench, _ = workbench(project)
    monkeypatch.setattr("sys.stderr", Full())
    assert execute(bench, a_job(spec(project, "fault", how="disk-full"))).outcome.status == "lost"


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
