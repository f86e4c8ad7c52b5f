"""Objects of one plane of a label image, with boxes and points that lie in them, and the stages that ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from harness.errors import DataError
from harness.model import Grid, UsesTruth, Volume
from harness.parameters import option
from harness.stages.contract import Stage
from harness.stages.prompting.planes import PlaneOptions
from harness.stages.slots import TRUTH, check_labels

PlanesOfObject = Literal["all", "fullest"]


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """An object of a plane: its id, its half-open bounding box in pixels and its mask inside of the box.

    low, high  (2,) int64: the box, `high` excluded
    mask       bool, in the shape of the box
    """

    id: int
    low: np.ndarray
    high: np.ndarray
    mask: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        """The middle of the box, (2,) float64."""
        centre: np.ndarray = (self.low + self.high) / 2
        return centre

    def deepest(self) -> tuple[float, float]:
        """Return the centre of the pixel farthest from the object's border, the first in C order of equal ones.

        What lies beyond the image counts as outside. The centre of pixel 3 is 3.5.
        """
        from scipy.ndimage import distance_transform_edt

        distance = distance_transform_edt(np.pad(self.mask, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(np.argmax(distance)), distance.shape)
        return float(self.low[0] + row + 0.5), float(self.low[1] + column + 0.5)

    def drawn(self, count: int, rng: np.random.Generator) -> list[tuple[float, float]]:
        """Return the centres of `count` pixels of the object drawn at random, of a smaller object all, once each."""
        pixels = np.argwhere(self.mask) + self.low + 0.5
        chosen = pixels[rng.permutation(len(pixels))[:count]]
        return [(float(row), float(column)) for row, column in chosen]


def outlines(labels: np.ndarray) -> list[Outline]:
    """Return the objects of a 2D label image (non-negative integers, 0 is background), ascending by id.

    An object in several parts is one.
    """
    from scipy.ndimage import find_objects

    ids, inverse = np.unique(labels, return_inverse=True)
    numbers = inverse.reshape(labels.shape) + (0 if len(ids) and ids[0] == 0 else 1)
    found = []
    for number, box in enumerate(find_objects(numbers), start=1):
        low = np.array([part.start for part in box])
        high = np.array([part.stop for part in box])
        name = ids[number] if ids[0] == 0 else ids[number - 1]
        found.append(Outline(int(name), low, high, numbers[box] == number))
    return found


class ObjectOptions(PlaneOptions):
    """Which objects ask, and on which planes."""

    of: str = option(TRUTH, "the slot with the label image: truth, labels, or one that the suite reads")
    planes_of_object: PlanesOfObject = option("all", "in a volume: every chosen plane, or the one where it is largest")

    def objects(self, labels: Volume, where: str) -> list[tuple[int, list[Outline]]]:
        """Return each chosen plane of a label image (2D, or ZYX) with the objects that ask there.

        Of planes where an object is equally large the first one counts. Raises `DataError` for another array.
        """
        problem = check_labels(labels)
        if problem:
            raise DataError(f"{where}: prompts are made from an array {problem}")
        array = labels.array
        found = [
            (number, outlines(array if array.ndim == 2 else array[number]))
            for number in self.planes(labels.grid, where)
        ]
        if self.planes_of_object == "all":
            return found
        best: dict[int, tuple[int, int]] = {}
        for plane, objects in found:
            for one in objects:
                size = int(one.mask.sum())
                if size > best.get(one.id, (0, 0))[0]:
                    best[one.id] = (size, plane)
        return [(plane, [one for one in objects if best[one.id][1] == plane]) for plane, objects in found]


class ObjectPrompts(Stage):
    """A stage that makes prompts of the objects of a label image."""

    inputs = (TRUTH,)
    outputs = ("prompts",)
    uses_truth = "prompts"
    needs = ("scipy",)
    licence = "MIT"

    Options = ObjectOptions
    options: ObjectOptions

    def reads(self) -> tuple[str, ...]:
        """Return the slot of the label image."""
        return (self.options.of,)

    def truth_use(self) -> UsesTruth:
        """Return "prompts" where the objects are those of the truth."""
        return "prompts" if self.options.of == TRUTH else ""


def pixels_per_side(margin_px: tuple[int, ...], margin_um: float, grid: Grid, where: str) -> np.ndarray:
    """Return a margin (Y, X) in pixels: `margin_px` (one number for both axes, or two) and `margin_um` together.

    Raises `DataError` for another number of entries, and for micrometres where the spacing is unknown.
    """
    if len(margin_px) not in (1, 2):
        raise DataError(f"{where}: 'grow_px' has {len(margin_px)} entries; accepted: one for Y and X, or one for each")
    pixels = np.broadcast_to(np.array(margin_px, dtype=np.float64), (2,)).copy()
    if margin_um:
        if grid.spacing_um is None:
            raise DataError(f"{where}: 'grow_um' needs the voxel spacing; accepted: data that state it, or 'grow_px'")
        pixels += margin_um / np.array(grid.spacing_um[-2:])
    return pixels
