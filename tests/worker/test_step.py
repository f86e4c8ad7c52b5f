from __future__ import annotations

from typing import Any

import pytest

from harness.jobs.failures import NotApplicableError
from harness.jobs.messages import WeightsSource
from harness.model import Grid, StageSpec
from harness.store import StageTiming
from harness.worker.bench import Workbench
from harness.worker.fits import Fitted, check_dimensions, stage_weights
from harness.worker.models import FitCost, Model
from harness.worker.running import run
from harness.worker.step import Step, describe, with_fit
from tests.runner.bench import a_cell, spec, workbench
from tests.runner.project import Project

GRID = Grid("YX", (32, 32))


def step(bench: Workbench, stage: StageSpec, *, sample: str = "a", seed: int = 1, **options: Any) -> Step:
    slots = options.pop("slots", None) or bench.samples.slots(a_cell().data, sample, truth="gold")
    weights = options.pop("weights", {})
    return describe(bench, stage, slots, grid=lambda: GRID, sample_seed=seed, weights=weights, **options)


def test_key_depends_on_all_that_changes_the_output_and_on_nothing_else(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, _ = workbench(project)
    other_machine, _ = workbench(project, machine="n")
    smooth = spec(project, "smooth")
    first = step(bench, smooth)
    assert first.key == step(other_machine, smooth).key
    monkeypatch.setattr(bench, "device_of", lambda _: "cuda")
    on_gpu = step(bench, smooth)
    monkeypatch.undo()
    fitted, retrained = (
        Fitted(Model(project.folder, hash, bench.setting("cpu"), FitCost(1.0)), False) for hash in "hi"
    )
    others = [
        step(bench, spec(project, "smooth", amount=0.1)),
        step(bench, smooth, sample="b"),
        step(bench, smooth, seed=2),
        step(bench, smooth, fitted=fitted),
        step(bench, smooth, fitted=retrained),
        on_gpu,
    ]
    assert len({one.key for one in (first, *others)}) == 7
    weighted = spec(project, "weighted", level="w")
    keys = {step(bench, weighted, weights={"w": WeightsSource("/x", hash)}).key for hash in ("1", "1", "2")}
    assert len(keys) == 2, "the content of weights counts, not their path"


def test_what_was_made_elsewhere_is_said(project: Project) -> None:
    bench, _ = workbench(project)
    smooth = spec(project, "smooth", amount=0.1)
    here = run(step(bench, smooth), bench)
    again = run(step(bench, smooth), bench)
    assert here.notes() == again.notes() == ()
    newer, _ = workbench(project, environment="f")
    fitted = Fitted(Model(project.folder, "h", bench.setting("cuda"), FitCost()), True)
    found = run(step(newer, smooth), newer)
    assert found.notes() == ("the output of stage 'smooth' was made elsewhere: m, cpu, 1 threads, environment e",)
    assert found.timing().first_s is None, "a time with other packages"
    (note,) = run(step(bench, smooth, fitted=fitted), bench).notes()
    assert note == "the model of stage 'smooth' was made elsewhere: m, cuda, 1 threads, environment e"


def test_dimensions_are_checked() -> None:
    class Flat:
        id = "flat"
        dimensions = (2,)

    check_dimensions(Flat(), GRID)  # type: ignore[arg-type]
    with pytest.raises(NotApplicableError, match="stage 'flat' works on 2D images; this sample is 3D"):
        check_dimensions(Flat(), Grid("ZYX", (1, 2, 3)))  # type: ignore[arg-type]


def test_weights_and_fit_details(project: Project) -> None:
    bench, _ = workbench(project)
    source = WeightsSource("/x", "h")
    assert stage_weights(bench.create(spec(project, "weighted", level="w")), {"w": source}) == {"level": source}
    assert stage_weights(bench.create(spec(project, "weighted")), {}) == {}
    fitted = Fitted(Model(project.folder, "h", bench.setting("cpu"), FitCost(2.0, 3.5, 1.5, 3, 4)), True)
    timing = with_fit(StageTiming("s", first_s=1.0), fitted)
    assert (timing.fit_s, timing.fit_cached, timing.fit_peak_bytes, timing.first_s) == (2.0, True, 3, 1.0)
    assert (timing.fit_cpu_s, timing.fit_busy_s, timing.fit_device_peak_bytes) == (3.5, 1.5, 4)
    assert with_fit(timing, None) is timing
