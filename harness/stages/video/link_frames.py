"""Objects of single frames joined from frame to frame: what tracking does without seeing time as an axis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import compact, labels_on
from harness.stages.contract import Context, Stage


class LinkFrames(Stage):
    """Give the objects of a frame the ids of those they overlap most in frames before: one to one, greatest sum of IoU.

    With a memory of m frames an id that was gone for m frames at most can come back; without one (0) an object that is
    missing once is another object afterwards.
    """

    id = "link-frames"
    title = "Objects linked from frame to frame"
    inputs = ("frame-objects",)
    needs = ("scipy",)
    dimensions = (3,)
    licence = "MIT"
    citation = "Kuhn 1955, doi:10.1002/nav.3800020109"

    class Options(StageOptions):
        of: str = option("frame-objects", "slot of the objects")
        memory: int = option(0, "frames that an object may be missing", ge=0)
        min_iou: float = option(0.1, "least IoU of two objects that are linked", ge=0.0, le=1.0)

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the slot that `of` names."""
        return (self.options.of,)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, ZYX, one id an object through time, 0 background); frames may be empty."""
        volume = inputs[self.options.of]
        linked = np.zeros(volume.array.shape, dtype=np.uint32)
        known: dict[int, tuple[int, np.ndarray]] = {}
        highest = 0
        for time, frame in enumerate(volume.array):
            known = {number: seen for number, seen in known.items() if time - seen[0] <= self.options.memory + 1}
            objects = [frame == number for number in np.unique(frame[frame > 0])]
            names = _named(objects, {number: mask for number, (_, mask) in known.items()}, self.options.min_iou)
            for mask, name in zip(objects, names, strict=True):
                if not name:
                    highest += 1
                    name = highest
                linked[time][mask] = name
                known[name] = (time, mask)
        return labels_on(compact(linked), volume)


def _named(objects: list[np.ndarray], known: Mapping[int, np.ndarray], least: float) -> list[int]:
    """Return which known object each object is, 0 for none: the one-to-one assignment of greatest summed IoU."""
    from scipy.optimize import linear_sum_assignment

    names = [0] * len(objects)
    if not objects or not known:
        return names
    ids = list(known)
    iou = np.array([[_iou(mask, known[number]) for number in ids] for mask in objects])
    for row, column in zip(*linear_sum_assignment(iou, maximize=True), strict=True):
        if iou[row, column] >= least and iou[row, column] > 0:
            names[row] = ids[column]
    return names


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())
