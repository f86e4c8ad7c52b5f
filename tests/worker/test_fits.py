from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import ChainError
from harness.jobs.messages import Event, Log, Recipe, WeightsSource
from harness.memory import Usage
from harness.model import DataSelection, Grid
from harness.store.lock import ExclusiveLock
from harness.worker import fits
from harness.worker.bench import Workbench
from harness.worker.fits import FitJob, LazyExample, fit_or_find, located
from harness.worker.models import FitCost
from tests.runner.bench import a_cell, spec, workbench
from tests.runner.project import Project


def fit_job(project: Project, bench: Workbench, *, seed: int = 1, samples: str = "ab") -> FitJob:
    def example(sample: str) -> LazyExample:
        slots = bench.samples.slots(a_cell().data, sample, truth="gold")
        return LazyExample({"distance": slots["image"]}, {"truth": slots["truth"]}, lambda: Grid("YX", (32, 32)))

    return FitJob(spec(project, "learn"), [example(sample) for sample in samples], [], seed, {})


class Told(Usage):
    """Tells a processor time that no other thread of this process has added to."""

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        self.cpu_s = 1.25


def test_model_is_trained_once_per_content(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits, "Usage", Told)
    bench, _ = workbench(project)
    first = fit_or_find(bench, fit_job(project, bench))
    again = fit_or_find(bench, fit_job(project, bench))
    assert (first.is_cached, again.is_cached) == (False, True)
    assert first.model == again.model
    assert (first.model.folder / "level.txt").exists()
    assert first.model.cost.busy_s == 0.75
    assert first.model.facts == {"best_epoch": 7}
    assert first.model.cost.seconds is not None
    assert first.model.cost.seconds >= 0.2
    assert first.model.cost.cpu_s == 1.25
    assert project.count("fit") == 1
    others = [
        fit_job(project, bench, seed=2),
        replace(fit_job(project, bench), draw=7),
        fit_job(project, bench, samples="a"),
        fit_job(project, bench, samples="ba"),
    ]
    keys = {fit_job(project, bench).key, *(job.key for job in others)}
    assert len(keys) == 5
    elsewhere, _ = workbench(project, machine="n")
    assert fit_or_find(elsewhere, fit_job(project, elsewhere)).model.cost == FitCost(), (
        "that time was another machine's"
    )


def test_spoilt_model_is_trained_again(project: Project) -> None:
    bench, events = workbench(project)
    first = fit_or_find(bench, fit_job(project, bench))
    (first.model.folder / "level.txt").write_text("0")
    again = fit_or_find(bench, fit_job(project, bench))
    assert (again.model.hash, again.is_cached) == (first.model.hash, False)
    assert any("is spoilt (its files have changed)" in event.line for event in events if isinstance(event, Log))


def test_worker_waits_for_another_one_that_trains_the_same(project: Project) -> None:
    bench, events = workbench(project)
    job = fit_job(project, bench)
    lock = bench.models.lock(job.key)
    assert lock.acquire()
    with waiting(bench, job, events):
        assert [event.event for event in events] == ["waiting"]
        lock.release()
    assert [event.event for event in events if event.event != "log"] == ["waiting", "resumed", "stage"]
    assert project.count("fit") == 1


def test_a_lock_that_outlives_its_holder_does_not_stop_the_clock(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, events = workbench(project)
    job = fit_job(project, bench)
    lock = bench.models.lock(job.key)
    assert lock.acquire()
    with waiting(bench, job, events):
        monkeypatch.setattr(ExclusiveLock, "is_held_by_the_living", lambda self: False)
        wait_for(lambda: len(events) > 1)
        assert [event.event for event in events] == ["waiting", "resumed"], "its holder has died, a child has it"
        lock.release()
    assert project.count("fit") == 1


@contextmanager
def waiting(bench: Workbench, job: FitJob, events: list[Event]) -> Iterator[None]:
    """Let a thread ask for a model that is locked; it must have it afterwards."""
    thread = threading.Thread(target=fit_or_find, args=(bench, job))
    thread.start()
    wait_for(lambda: bool(events))
    yield
    thread.join(20)
    assert not thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def test_nothing_to_train_on_is_an_error(project: Project) -> None:
    bench, _ = workbench(project)
    with pytest.raises(ChainError, match="no training samples"):
        fit_or_find(bench, fit_job(project, bench, samples=""))


def test_recipes_are_trained_once_before_what_starts_from_them(project: Project) -> None:
    bench, _ = workbench(project)
    recipe = Recipe(spec(project, "tune"), a_cell().data, ("a", "b"), ("c",))
    sources = {"base": WeightsSource("", "h", recipe), "file": WeightsSource(str(project.plugin), "f")}
    places = located(bench, sources)
    assert places["file"] == project.plugin
    level = float((places["base"] / "level.txt").read_text())
    job = fit_job(project, bench)
    slots = bench.samples.slots(a_cell().data, "a", truth="gold")
    example = LazyExample({"image": slots["image"]}, {"truth": slots["truth"]}, job.training[0].grid)
    tuned = FitJob(spec(project, "tune", base="w"), [example], [], 1, {"base": sources["base"]})
    found = float((fit_or_find(bench, tuned).model.folder / "level.txt").read_text())
    own = float(slots["image"].volume().array[slots["truth"].volume().array > 0].mean())
    assert found == (own + level) / 2
    assert (project.count("tune-base"), project.count("tune")) == (1, 1)
    other = Recipe(recipe.spec, recipe.data, ("a", "b"), ())
    assert located(bench, {"base": WeightsSource("", "o", other)})["base"] != places["base"]


def test_what_is_ignored_is_part_of_a_model_and_of_its_examples(project: Project) -> None:
    bench, _ = workbench(project)
    plain = fit_job(project, bench, samples="a")
    truth = plain.training[0].targets["truth"]
    ignored = bench.samples.ignored(a_cell().data, "a", truth, 1)
    example = replace(plain.training[0], ignored=ignored)
    assert plain.training[0].make().ignored is None
    made = example.make().ignored
    assert made is not None
    assert made.array.any()
    assert replace(plain, training=[example]).key != plain.key
    assert len(plain.training[0].keys()) == 2, "models of data in which nothing is ignored keep their keys"


def test_a_recipe_does_not_teach_what_its_data_ignore(project: Project) -> None:
    project.add_recipe()
    path = project.folder / "datasets.toml"
    path.write_text(path.read_text().replace("[datasets.dots]\n", "[datasets.dots]\nignore = 1\n", 1))
    bench, _ = workbench(project)
    recipe = Recipe(spec(project, "tune"), DataSelection("dots", (), "gold", "gold"), ("c",), ())
    job = fits._recipe_job(bench, recipe)
    ignored = job.training[0].make().ignored
    assert ignored is not None
    assert ignored.array.any()


def test_a_recipe_that_starts_from_another_one_has_that_trained_first(project: Project) -> None:
    bench, _ = workbench(project)
    generic = Recipe(spec(project, "tune"), a_cell().data, ("a", "b"), ())
    base = WeightsSource("", "g", generic)
    special = Recipe(spec(project, "tune", base="generic"), a_cell().data, ("c",), (), {"generic": base})
    places = located(bench, {"w": WeightsSource("", "s", special), "generic": base})
    level = float((places["generic"] / "level.txt").read_text())
    slots = bench.samples.slots(a_cell().data, "c", truth="gold")
    own = float(slots["image"].volume().array[slots["truth"].volume().array > 0].mean())
    assert float((places["w"] / "level.txt").read_text()) == (own + level) / 2
    assert (project.count("tune-base"), project.count("tune")) == (1, 1)
