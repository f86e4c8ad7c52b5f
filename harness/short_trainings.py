"""How methods are trained in minutes: parameters that suit the size of the images and the seconds that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import DataError

FEWEST_STEPS = 20
USED = 0.6
"""Of the seconds given: the rest is for loading, searching thresholds, predicting, and for slow machines."""


@dataclass(frozen=True, slots=True)
class ShortTraining:
    """How a method is trained in a given time.

    step_s       seconds of a step on two cores of a processor
    patch        the training patch that is wanted, its last entries for the last axes of an image
    multiples    what each side of a patch must be a multiple of
    parameters   what is said to the stage, given the number of steps and the patch that fits
    """

    step_s: float
    patch: tuple[int, ...]
    multiples: tuple[int, ...]
    parameters: Callable[[int, list[int]], dict[str, Any]]

    def within(self, seconds: float, smallest: Sequence[int], method: str) -> dict[str, Any]:
        """Return the parameters of a training that takes about so many seconds on images of these smallest sides.

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
        return self.parameters(max(FEWEST_STEPS, int(seconds * USED / self.step_s)), patch)


def _stardist(steps: int, patch: list[int]) -> dict[str, Any]:
    square = [*patch[:-2], *[min(patch[-2:])] * 2]  # its augmenter exchanges Y and X
    return {"steps": steps, "steps_per_epoch": 20, "patch": square, "learning_rate": 1e-3}


def _cellpose(steps: int, patch: list[int]) -> dict[str, Any]:
    return {
        "filters": [16, 32, 64, 128],
        "epochs": steps,
        "planes_per_epoch": 8,
        "batch": 8,
        "patch": min(patch),
        "min_train_masks": 1,
        "diameter": 0.0,
    }


SHORT_TRAININGS: Mapping[str, ShortTraining] = {
    "stardist-2d": ShortTraining(0.5, (128, 128), (16, 16), _stardist),
    "stardist-3d": ShortTraining(2.0, (16, 64, 64), (8, 16, 16), _stardist),
    "cellpose": ShortTraining(0.8, (128, 128), (16, 16), _cellpose),
}
"""By stage id; Cellpose is trained from scratch, on the planes of a volume."""
