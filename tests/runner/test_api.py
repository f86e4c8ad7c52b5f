from __future__ import annotations

import math
from functools import partial

import pytest

from harness.errors import ConfigError, HarnessError, StoreError
from harness.runner import api
from harness.runner.stopping import Stop
from harness.suite import Selection
from tests.runner.project import Project, Recorder

CHAIN = '[{ id = "smooth" }, { id = "cut", level = 0.5 }]'


def test_when_the_time_is_over_work_ends_and_what_was_not_done_is_missing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = project.traces / "child"
    monkeypatch.setattr(api, "Stop", partial(Stop, clock=lambda: 10.0 * hangs.exists()))
    rows = {
        "noop": '[{ id = "noop" }]',
        "bad": '[{ id = "fault", how = "hang" }]',
        "last": '[{ id = "noop", number = 1 }]',
    }
    progress = Recorder()
    summary = project.run(project.suite(rows), time_limit_s=10.0, progress=progress)
    assert (summary.computed, summary.failed, summary.missing, summary.is_complete) == (2, 0, 4, False)
    missing = summary.suites[0].missing_cells
    assert {cell.reason for cell in missing} == {"not computed: the time given, 10 s, was over"}
    assert missing[0].cell == "demo smoke: bad on dots/a", "the one that was stopped leaves no record"
    assert len(project.records()) == 2
    assert (summary.cells, summary.cached) == (6, 0)
    assert progress.left_s[-1] is not None


def test_a_suite_runs_and_leaves_records_and_timings(project: Project) -> None:
    suite = project.suite({"one": CHAIN, "noop": '[{ id = "noop" }]'})
    progress = Recorder()
    summary = project.run(suite, progress=progress)
    assert summary.counts() == {"cells": 4, "computed": 4, "cached": 0, "failed": 0, "missing": 0}
    assert progress.total == len(progress.lines) == 4
    records = project.records()
    assert [*records] == [("one", "a"), ("one", "b"), ("noop", "a"), ("noop", "b")]
    record = records["one", "a"]
    assert record.status == "ok"
    assert set(record.metrics) == {"map.gonuclear", "count.pred"}
    assert record.metrics["count.pred"] == 1
    assert [stage.id for stage in record.stages] == ["smooth", "cut"]
    assert all(len(stage.output) == 64 for stage in record.stages)
    assert record.environment in project.store().environments()
    timing = project.timings()["one", "a"]
    assert timing.threads == 1
    assert all(stage.first_s is not None and not stage.cached for stage in timing.stages)
    assert timing.stages[0].peak_bytes is not None
    assert math.isfinite(timing.total_s)


def test_second_run_computes_nothing_and_a_changed_row_only_itself(project: Project) -> None:
    rows = {"one": CHAIN, "two": '[{ id = "smooth" }, { id = "cut", level = 0.7 }]'}
    project.run(project.suite(rows))
    assert project.count("smooth") == 2, "rows share the first stage"
    assert project.run(project.suite(rows)).counts() == {
        "cells": 4,
        "computed": 0,
        "cached": 4,
        "failed": 0,
        "missing": 0,
    }
    rows["two"] = rows["two"].replace("0.7", "0.8")
    summary = project.run(project.suite(rows))
    assert (summary.computed, summary.cached) == (2, 2)
    assert project.count("smooth") == 2
    assert project.count("cut") == 6
    assert len(project.records()) == 4


def test_cached_stages_report_their_recorded_time_marked_so(project: Project) -> None:
    suite = project.suite({"one": CHAIN})
    project.run(suite)
    first = project.timings()["one", "a"].stages[0]
    project.store().scores_path.unlink()
    project.run(suite)
    again = project.timings()["one", "a"].stages[0]
    assert again.cached
    assert (again.first_s, again.load_s, again.peak_bytes) == (first.first_s, first.load_s, first.peak_bytes)
    assert project.count("smooth") == 2


def test_first_and_steady_calls_follow_the_suites_protocol(project: Project) -> None:
    extra = """
        [timing]
        warmup = 1
        repeats = 2
    """
    project.run(project.suite({"one": CHAIN}, extra=extra))
    a, b = (project.timings()["one", sample].stages[1] for sample in "ab")
    assert a.load_s is not None
    assert a.first_s is not None
    assert len(a.steady_s) == 2
    assert b.load_s is None, "the loaded stage is kept"
    assert b.first_s is None, "a call of this shape came before"
    assert len(b.steady_s) == 3
    assert project.count("cut") == 2 * (1 + 1 + 2)
    assert project.count("cut-load") == 1


def test_models_are_trained_once_per_fold_and_shared_by_samples_and_rows(project: Project) -> None:
    chain = '[{ id = "smooth", amount = 0.1 }, { id = "learn" }]'
    again = '[{ id = "smooth", amount = 0.1 }, { id = "learn" }, { id = "noop" }]'
    progress = Recorder()
    summary = project.run(project.suite({"one": chain, "two": again}, split="folds"), jobs=2, progress=progress)
    assert summary.counts()["computed"] == 8, summary
    assert project.count("fit") == 2
    assert "training on 1 and 1" in progress.logged
    records, timings = project.records(), project.timings()
    models = {sample: records["one", sample].stages[1].model for sample in "abcd"}
    assert models["a"] == models["b"] != models["c"] == models["d"]
    assert all(len(str(model)) == 64 for model in models.values())
    fits = [timings["one", sample].stages[1] for sample in "ab"]
    assert sorted(fit.fit_cached for fit in fits) == [False, True]
    assert all(fit.fit_s is not None and fit.fit_s >= 0.2 for fit in fits)


def test_truth_follows_a_stage_that_changes_the_grid_and_labels_must_come_back(project: Project) -> None:
    chain = '[{ id = "half" }, { id = "smooth" }, { id = "learn" }'
    away = project.suite({"one": f"{chain}]"}, split="folds")
    with pytest.raises(ConfigError, match="ends with 'labels' on another grid than the truth's: 'half' resamples"):
        project.run(away)
    assert project.count("fit") == 0, "nothing was trained for a chain that cannot be scored"
    summary = project.run(project.suite({"one": f'{chain}, {{ id = "double" }}]'}, split="folds"))
    assert summary.counts()["computed"] == 4, summary
    assert project.count("fit") == 2, "training saw image and truth on one grid"


def test_weights_are_resolved_and_their_content_counts(project: Project) -> None:
    weights = project.folder / "level.txt"
    weights.write_text("0.5")
    suite = project.suite({"one": f'[{{ id = "weighted", level = "{weights}" }}]'})
    assert project.run(suite).computed == 2
    first = project.records()["one", "a"].stages[0]
    project.store().scores_path.unlink()
    weights.write_text("0.6")
    project.run(suite)
    second = project.records()["one", "a"].stages[0]
    assert first.weights["level"] != second.weights["level"]
    assert first.output != second.output


def test_spoilt_cache_entries_are_made_again(project: Project) -> None:
    suite = project.suite({"one": CHAIN})
    project.run(suite)
    scores = project.store().scores_path.read_text()
    arrays = sorted(project.cache.glob("stages/??/*/*.npy"))
    assert len(arrays) == 4
    for array in arrays:
        content = bytearray(array.read_bytes())
        content[-1] ^= 1
        array.write_bytes(content)
    next(project.cache.glob("stages/??/*/meta.json")).write_text("{")
    project.store().scores_path.unlink()
    progress = Recorder()
    assert project.run(suite, progress=progress).computed == 2
    assert sum("is spoilt" in line for line in progress.logged) >= 3
    assert project.store().scores_path.read_text() == scores


def test_a_results_folder_may_be_a_text(project: Project) -> None:
    suite = project.suite({"noop": '[{ id = "noop" }]'})
    assert project.run(suite, results=str(project.results)).computed == 2
    assert len(project.store().records()) == 2


def test_filters_and_dry_run(project: Project) -> None:
    suite = project.suite({"one": CHAIN, "noop": '[{ id = "noop" }]'})
    dry = project.run(suite, dry_run=True)
    assert (dry.cells, dry.pending, dry.computed) == (4, 4, 0)
    assert not project.results.exists()
    assert project.run(suite, only=Selection(rows=("noop",))).cells == 2
    assert project.run(suite, only=Selection(stages=("cut",)), dry_run=True).pending == 2
    assert project.run(suite, dry_run=True).cached == 2
    project.run(suite)
    assert [row for row, _ in project.records()] == ["one", "one", "noop", "noop"], "canonical order, not that of runs"


def test_two_suites_share_a_run(project: Project) -> None:
    suites = [project.suite({"one": CHAIN}, id=name) for name in ("first", "second")]
    summary = project.run(suites)
    assert [suite.computed for suite in summary.suites] == [2, 2]
    assert len(project.records("second")) == 2


def test_jobs_must_be_positive(project: Project) -> None:
    with pytest.raises(HarnessError, match="jobs is 0"):
        project.run(project.suite({"one": CHAIN}), jobs=0)


def test_second_run_in_one_folder_is_refused(project: Project) -> None:
    suite = project.suite({"one": CHAIN})
    with project.store().open(), pytest.raises(StoreError, match="another run"):
        project.run(suite)


def test_unavailable_weights_make_cells_missing_not_failed(project: Project) -> None:
    weights = project.folder / "level.txt"
    weights.write_text("0.5")
    suite = project.suite({"one": f'[{{ id = "weighted", level = "{weights}" }}]', "noop": '[{ id = "noop" }]'})
    weights.unlink()
    summary = project.run(suite)
    assert (summary.computed, summary.missing, summary.is_complete) == (2, 2, False)
    assert "no such file or folder" in summary.suites[0].missing_cells[0].reason


def test_weights_of_a_recipe_are_trained_by_the_first_cell_that_needs_them(project: Project) -> None:
    project.add_recipe()
    rows = {"tuned": '[{ id = "tune", base = "cooked" }]', "scratch": '[{ id = "tune" }]'}
    summary = project.run(project.suite(rows, split="one"))
    assert summary.counts()["computed"] == 2
    assert (project.count("tune-base"), project.count("tune")) == (2, 1), "the base, the row from scratch; the tuned"
    record = project.records()["tuned", "a"]
    assert record.notes == ("the weights 'cooked' were trained here: stage 'tune' on dataset 'dots'",)
    assert set(record.stages[0].weights) == {"base"}
    assert project.run(project.suite(rows, split="one")).counts()["computed"] == 0
    text = (project.folder / "datasets.toml").read_text()
    (project.folder / "datasets.toml").write_text(text.replace('samples = ["c", "d"]', 'samples = ["d"]'))
    assert project.run(project.suite(rows, split="one")).computed == 1, "another recipe makes other weights"


def test_a_recipe_that_learns_from_the_test_sample_is_refused(project: Project) -> None:
    project.add_recipe()
    suite = project.suite({"tuned": '[{ id = "tune", base = "cooked" }]'}, split="folds")
    with pytest.raises(HarnessError, match="weights 'cooked' were trained on sample 'c' of dataset 'dots'"):
        project.run(suite)


def test_an_edited_plugin_is_computed_again_and_its_records_name_the_file(project: Project) -> None:
    suite = project.suite({"one": CHAIN})
    assert project.run(suite).computed == 2
    before = project.records()["one", "a"].stages
    assert [stage.origin.distribution for stage in before if stage.origin] == ["tiny_stages.py"] * 2
    assert project.run(suite).computed == 0
    text = project.plugin.read_text(encoding="utf-8")
    project.plugin.write_text(text.replace("array.min() + level", "array.min() + 1.3 * level"), encoding="utf-8")
    assert project.run(suite).computed == 2
    after = project.records()["one", "a"].stages
    assert before[1].origin != after[1].origin
    assert before[1].output != after[1].output, "nothing came from the cache of the old code"
    assert project.count("cut") == 4


def test_a_method_is_laid_over_a_suite_and_its_records_say_so(project: Project) -> None:
    suite = project.suite({"one": CHAIN})
    assert project.run(suite).computed == 2
    summary = project.run(suite, methods=["smooth -> cut?level=0.4"])
    assert (summary.computed, summary.cached) == (2, 2)
    records = project.records()
    assert not records["one", "a"].added
    assert records["smooth-cut-level-0.4", "a"].added
    assert project.run(suite, methods=["smooth -> cut?level=0.4"]).computed == 0
    assert project.run(suite, methods=["smooth -> cut?level=0.3"]).computed == 2
    assert project.count("smooth") == 2, "the outputs of stages are shared with the rows of the suite"
