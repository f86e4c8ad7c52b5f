"""Trainings that fit images and minutes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness import registry
from harness.errors import DataError
from harness.metrics import METRICS, Pair
from harness.model import Volume
from harness.scoring import measure
from harness.short_trainings import FEWEST_STEPS, MOST_SLOWNESS, SHORT_TRAININGS, Schedule, slowness
from harness.stages.contract import Context, Example

SIDES = {"stardist-2d": (100, 200), "stardist-3d": (30, 100, 200), "cellpose": (30, 100, 200)}


@pytest.mark.parametrize("method", SHORT_TRAININGS)
@pytest.mark.parametrize("seconds", [0.0, 90.0, 1e5])
@pytest.mark.parametrize("diameter", [0.0, 3.0, 17.26, 200.0])
def test_the_stage_accepts_what_is_said_to_it(method: str, seconds: float, diameter: float) -> None:
    training = SHORT_TRAININGS[method]
    options = training.within(seconds, SIDES[method], method, diameter)
    stage = registry.stages().get(method)(options)
    assert stage.trains()
    patch = options["patch"] if isinstance(options["patch"], list) else [options["patch"]] * 2
    assert all(side <= size for side, size in zip(patch, SIDES[method][-len(patch) :], strict=True))
    steps = options.get("steps") or options["epochs"]
    assert steps >= FEWEST_STEPS
    assert steps * training.step_s <= max(seconds, FEWEST_STEPS * training.step_s)


def test_more_time_is_more_steps() -> None:
    training = SHORT_TRAININGS["stardist-2d"]
    short, long = (training.within(seconds, (256, 256), "x")["steps"] for seconds in (600.0, 1200.0))
    assert long == 2 * short


def test_images_that_are_too_small_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"'stardist-3d' cannot be trained on images whose smallest sides are \[5, 64, 64\]"
    ):
        SHORT_TRAININGS["stardist-3d"].within(60.0, (5, 64, 64), "stardist-3d")


def test_trainings_share_the_time_and_those_that_learn_little_are_said() -> None:
    schedule = Schedule.of(["otsu-components", "stardist-2d", "cellpose"], trainings=3, minutes=10.0)
    assert (schedule.trained, schedule.seconds) == (("stardist-2d", "cellpose"), 100.0)
    short = Schedule.of(["cellpose"], trainings=2, minutes=0.5)
    (remark,) = short.remarks()
    assert remark.startswith("cellpose: has 15 s for each of its 2 trainings and learns little in less than ")
    assert list(Schedule.of(["cellpose"], trainings=1, minutes=60.0).remarks()) == []
    assert list(Schedule.of(["otsu-components"], trainings=3, minutes=0.1).remarks()) == []


def test_a_slow_machine_has_fewer_steps() -> None:
    assert 1.0 <= slowness() <= MOST_SLOWNESS
    fast, slow = (Schedule.of(["stardist-2d"], trainings=1, minutes=20.0, slowness=factor) for factor in (1.0, 4.0))
    steps = [one.parameters("stardist-2d", (256, 256))["steps"] for one in (fast, slow)]
    assert steps[0] == 4 * steps[1]
    assert list(fast.remarks()) == []


def discs(number: int) -> tuple[Volume, Volume]:
    """Bright discs of 16 pixels on a noisy ground, and their labels."""
    rng = np.random.default_rng(number)
    rows, columns = np.mgrid[:96, :96]
    labels = np.zeros((96, 96), np.uint32)
    for index, (y, x) in enumerate(np.ndindex(4, 4), start=1):
        centre = 12 + 24 * np.array([y, x]) + rng.integers(-2, 3, 2)
        labels[(rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < 64] = index
    image = rng.normal(20, 5, labels.shape) + (labels > 0) * rng.normal(80, 10, labels.shape)
    return Volume(image.clip(0, 255).astype(np.uint8), "YX"), Volume(labels, "YX")


@pytest.mark.slow
def test_cellpose_from_scratch_learns_in_the_shortest_training_that_is_recommended(tmp_path: Path) -> None:
    pytest.importorskip("cellpose")
    training = SHORT_TRAININGS["cellpose"]
    stage = registry.stages().get("cellpose")(training.within(training.least_s, (96, 96), "cellpose", 16.0))
    examples = [Example({"image": image}, {"truth": labels}) for image, labels in map(discs, range(4))]
    (tmp_path / "scratch").mkdir()
    (tmp_path / "model").mkdir()
    context = Context(examples[0].inputs["image"].grid, 1, tmp_path / "scratch", model=tmp_path / "model")
    stage.fit(examples, [], context, tmp_path / "model")
    stage.load(context)
    image, labels = discs(9)
    found = stage.run({"image": image}, context)
    scores = measure(Pair(labels.array, found.array), [metric for metric in METRICS if metric.id == "ap50.canonical"])
    assert scores.values["ap50.canonical"] > 0.3
