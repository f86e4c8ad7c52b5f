from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from harness.errors import ChainError
from harness.jobs.messages import StageBegun
from harness.worker.fits import Fitted
from harness.worker.isolation import PatchedLibraryError
from harness.worker.models import FitCost, Model
from harness.worker.running import Product, Repeats, run
from harness.worker.step import Cached, Fresh
from tests.runner.bench import spec, workbench
from tests.runner.project import Project
from tests.worker.test_step import step


def test_an_output_is_read_only_when_it_is_needed(project: Project) -> None:
    bench, events = workbench(project)
    smooth = spec(project, "smooth", amount=0.1)
    made = Product(step(bench, smooth), bench)
    assert made.result() is made.result()
    assert [event for event in events if isinstance(event, StageBegun)] == [StageBegun("smooth")]
    again = Product(step(bench, smooth), bench)
    assert isinstance(again.result(), Cached)
    next(project.cache.glob("stages/??/*/distance.npy")).unlink()
    assert again.result().timing().cached
    assert again.result().record() == made.result().record()
    volume = again.sources()["distance"].volume()
    assert (volume.array == made.sources()["distance"].volume().array).all()
    assert isinstance(again.result(), Fresh), "it had to be run again"
    assert not again.result().timing().cached
    assert project.count("smooth") == 2


def test_a_spoilt_description_is_dropped_and_the_stage_run_again(project: Project) -> None:
    bench, _ = workbench(project)
    smooth = spec(project, "smooth", amount=0.1)
    run(step(bench, smooth), bench)
    for damage in (lambda path: path.unlink(), lambda path: path.write_text('{"schema": 3}')):
        damage(next(project.cache.glob("stages/??/*/meta.json")))
        assert isinstance(run(step(bench, smooth), bench), Fresh)
        assert isinstance(run(step(bench, smooth), bench), Cached)


def test_repeats_are_measured(project: Project) -> None:
    bench, _ = workbench(project)
    timing = run(step(bench, spec(project, "smooth", amount=0.3)), bench, Repeats(1, 2)).timing()
    assert timing.first_s is not None
    assert timing.device == "cpu"
    assert len(timing.steady_s) == 2
    assert project.count("smooth") == 4


def test_what_a_stage_reports_stands_in_the_record_also_from_the_cache(project: Project) -> None:
    bench, _ = workbench(project)
    smooth = spec(project, "smooth", amount=0.25)
    fitted = Fitted(Model(project.folder, "h", bench.setting("cpu"), FitCost(), {"best_epoch": 7}), True)
    records = [run(step(bench, smooth, fitted=fitted), bench).record() for _ in range(2)]
    assert records[0] == records[1]
    assert records[0].facts == {"best_epoch": 7, "noise": 0.25}


def test_device_memory_of_a_stage_is_what_torch_took_for_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    bench, _ = workbench(project)
    allocations = {"allocation.all.allocated": 7}
    took = 0

    def synchronize() -> None:
        allocations["allocation.all.allocated"] += took

    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        synchronize=synchronize,
        reset_peak_memory_stats=lambda: None,
        max_memory_allocated=lambda: 123,
        memory_stats=lambda: allocations,
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, manual_seed=lambda seed: None))
    monkeypatch.setattr(bench, "device_of", lambda _: "cuda")
    assert run(step(bench, spec(project, "smooth", amount=0.1)), bench).timing().device_peak_bytes is None
    took = 1
    assert run(step(bench, spec(project, "smooth", amount=0.2)), bench).timing().device_peak_bytes == 123


def test_a_stage_may_change_neither_its_input_nor_a_library(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "unique", np.unique)  # so that it is put back
    bench, _ = workbench(project)
    with pytest.raises(ChainError, match="changed its input 'image' in place"):
        run(step(bench, spec(project, "fault", how="in-place")), bench)
    with pytest.raises(PatchedLibraryError, match=r"stage 'fault' replaced numpy\.unique"):
        run(step(bench, spec(project, "fault", how="patch")), bench)
