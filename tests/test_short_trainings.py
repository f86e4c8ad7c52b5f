"""Trainings that fit images and minutes."""

from __future__ import annotations

import pytest

from harness import registry
from harness.errors import DataError
from harness.short_trainings import FEWEST_STEPS, SHORT_TRAININGS

SIDES = {"stardist-2d": (100, 200), "stardist-3d": (30, 100, 200), "cellpose": (30, 100, 200)}


@pytest.mark.parametrize("method", SHORT_TRAININGS)
@pytest.mark.parametrize("seconds", [0.0, 90.0, 1e5])
def test_the_stage_accepts_what_is_said_to_it(method: str, seconds: float) -> None:
    training = SHORT_TRAININGS[method]
    options = training.within(seconds, SIDES[method], method)
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
