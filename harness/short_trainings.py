"""How methods are trained in minutes: parameters that suit the size of the images and the seconds that are there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.clock import spoken
from harness.errors import DataError

FEWEST_STEPS = 20
MOST_SLOWNESS = 20.0
CELLPOSE_DIAMETERS = (12.0, 30.0)
"""Diameters of objects, in pixels, that a network sees as they are; others are enlarged or made smaller."""
YARDSTICK_S = 0.0047
"""Seconds of half a million sines (`slowness`) on the machine that the seconds below are of, when it is idle."""
LOOKED_S = 0.5
"""How long a machine is looked at: what else it does comes and goes."""
USED = 0.6
"""Of the seconds given: the rest is for loading, searching thresholds, predicting, and for slow machines."""


@dataclass(frozen=True, slots=True)
class ShortTraining:
    """How a method is trained in a given time.

    step_s       seconds of a step on two cores of a processor
    patch        the training patch that is wanted, its last entries for the last axes of an image
    multiples    what each side of a patch must be a multiple of
    parameters   what is said to the stage, given the number of steps and the patch that fits
    least_s      seconds of a training below which it was seen to learn little
    """

    step_s: float
    patch: tuple[int, ...]
    multiples: tuple[int, ...]
    parameters: Callable[[int, list[int], float], dict[str, Any]]
    least_s: float

    def within(self, seconds: float, smallest: Sequence[int], method: str, diameter: float = 0.0) -> dict[str, Any]:
        """Return the parameters of a training that takes about so many seconds on images of these smallest sides.

        `diameter` is that of most objects in pixels, 0 where it is not known.

        Raises `DataError` for images that are smaller than the smallest patch, and for planes where it takes volumes.
        """
        sides = list(smallest)[-len(self.patch) :]
        patch = [
            min(wanted, side // multiple * multiple)
            for wanted, side, multiple in zip(self.patch, sides, self.multiples, strict=False)
        ]
        if 0 in patch or len(patch) < len(self.patch):
            raise DataError(
                f"'{method}' cannot be trained on images whose smallest sides are {list(smallest)}; "
                f"accepted: at least {list(self.multiples)}"
            )
        return self.parameters(max(FEWEST_STEPS, int(seconds * USED / self.step_s)), patch, diameter)


def slowness() -> float:
    """Return how much slower this machine is now than the one that `step_s` is of; 1 for one that is faster.

    A loaded machine is a slow one: what else runs takes its share of the minutes.
    """
    angles = np.linspace(0.0, 9.0, 500_000)
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < LOOKED_S:
        np.sin(angles)
        count += 1
    each_s = (time.perf_counter() - begun) / count
    return min(MOST_SLOWNESS, max(1.0, each_s / YARDSTICK_S))


def _stardist(steps: int, patch: list[int], diameter: float) -> dict[str, Any]:
    square = [*patch[:-2], *[min(patch[-2:])] * 2]  # its augmenter exchanges Y and X
    return {"steps": steps, "steps_per_epoch": 20, "patch": square, "learning_rate": 1e-3}


def _cellpose(steps: int, patch: list[int], diameter: float) -> dict[str, Any]:
    """Return a network of a quarter of the usual width, which sees objects in the size that they have in the images.

    The usual size of 30 pixels would enlarge small ones: four times the pixels for the same objects.
    """
    low, high = CELLPOSE_DIAMETERS
    return {
        "filters": [8, 16, 32, 64],
        "epochs": steps,
        "planes_per_epoch": 4,
        "batch": 4,
        "patch": min(patch),
        "min_train_masks": 1,
        "diam_mean": round(min(high, max(low, diameter or high)), 1),
        "diameter": 0.0,
    }


SHORT_TRAININGS: Mapping[str, ShortTraining] = {
    "stardist-2d": ShortTraining(0.5, (128, 128), (16, 16), _stardist, 60.0),
    "stardist-3d": ShortTraining(2.0, (16, 64, 64), (8, 16, 16), _stardist, 240.0),
    "cellpose": ShortTraining(0.2, (96, 96), (16, 16), _cellpose, 20.0),
}
"""By stage id; Cellpose is trained from scratch, on the planes of a volume."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the methods that train share the time.

    trained   the methods that train
    each      how often each of them does: once a fold
    total_s   what all of it may take
    slowness  how much slower this machine is than the one that `step_s` is of
    """

    trained: tuple[str, ...]
    each: int
    total_s: float
    slowness: float = 1.0

    @property
    def seconds(self) -> float:
        """What each training may take: all take equally long, one after the other."""
        return self.total_s / max(1, len(self.trained) * self.each)

    @classmethod
    def of(cls, methods: Iterable[str], *, trainings: int, minutes: float, slowness: float = 1.0) -> Schedule:
        """Return the schedule of methods of which those that can train do so many times each."""
        return cls(tuple(method for method in methods if method in SHORT_TRAININGS), trainings, minutes * 60, slowness)

    def parameters(self, method: str, smallest: Sequence[int], diameter: float = 0.0) -> dict[str, Any]:
        """Return what is said to a stage; raises `DataError` for images that are too small to train it on.

        `diameter` is that of most objects in pixels, 0 where it is not known.
        """
        return SHORT_TRAININGS[method].within(self.seconds / self.slowness, smallest, method, diameter)

    def remarks(self) -> Iterator[str]:
        """Yield a line for each method that has too little time to learn."""
        for method in self.trained:
            least_s = SHORT_TRAININGS[method].least_s * self.slowness
            if self.seconds < least_s:
                yield (
                    f"{method}: has {spoken(self.seconds)} for each of its {self.each} trainings and learns little in "
                    f"less than {spoken(least_s)}; accepted: more --minutes, fewer --methods or fewer --folds"
                )
