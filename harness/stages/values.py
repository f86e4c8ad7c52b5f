"""What may travel between stages: frozen values that can be taken apart into arrays and a header, and put together.

A `harness.model.Volume` is one of them. Every value names the voxel grid it belongs to, also where no array of its
own has the shape of that grid, so that a chain can be followed through prompts, features and masks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from harness.hashing import hash_array, hash_value
from harness.model import Grid, JsonDict, Volume

if TYPE_CHECKING:
    import numpy as np


@runtime_checkable
class Value(Protocol):
    """What a slot may hold. `build(arrays(), header())` is the same value."""

    @property
    def grid(self) -> Grid:
        """The voxel grid that the value belongs to."""

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Return the arrays by name: what is hashed, cached and guarded against being changed in place."""

    def header(self) -> JsonDict:
        """Return what else makes up the value, as JSON."""

    @classmethod
    def build(cls, arrays: Mapping[str, np.ndarray], header: JsonDict) -> Self:
        """Return the value of these arrays and this header."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What an encoder makes of an image: an array at a resolution of its own, and the grid of the image it encodes.

    array  any real dtype; its axes are the encoder's own business
    about  JSON-able facts that the decoder of the same library needs, e.g. the size after padding
    """

    array: np.ndarray
    grid: Grid
    about: JsonDict

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Return {"array": array}."""
        return {"array": self.array}

    def header(self) -> JsonDict:
        """Return grid and facts."""
        return {"grid": self.grid.to_json(), "about": dict(self.about)}

    @classmethod
    def build(cls, arrays: Mapping[str, np.ndarray], header: JsonDict) -> Self:
        """Return the features of these arrays and this header."""
        return cls(arrays["array"], Grid.from_json(header["grid"]), header["about"])


@dataclass(frozen=True, slots=True, eq=False)
class Prompts:
    """Boxes and points that ask for objects, in voxels of `grid`, in the order of its axes.

    boxes          float64 (boxes, 2, axes): lower and upper corner, half-open; a box of voxels 3, 4, 5 is 3 to 6
    box_objects    int64 (boxes,): the id of the object that each box asks for, above 0
    points         float64 (points, axes): the centre of voxel 3 is 3.5
    point_objects  int64 (points,): the id of the object that each point tells of, above 0
    point_labels   int64 (points,): 1 inside that object, 0 outside it
    """

    grid: Grid
    boxes: np.ndarray
    box_objects: np.ndarray
    points: np.ndarray
    point_objects: np.ndarray
    point_labels: np.ndarray

    @classmethod
    def of(
        cls,
        grid: Grid,
        *,
        boxes: Mapping[int, Sequence[Sequence[float]]] | None = None,
        points: Sequence[tuple[int, Sequence[float], bool]] = (),
    ) -> Self:
        """Return prompts from one box (lower, upper) per object id and points (object id, position, is inside)."""
        import numpy as np

        ndim = len(grid.shape)
        given = boxes or {}
        return cls(
            grid,
            boxes=np.array(list(given.values()), dtype=np.float64).reshape(-1, 2, ndim),
            box_objects=np.array(list(given), dtype=np.int64),
            points=np.array([position for _, position, _ in points], dtype=np.float64).reshape(-1, ndim),
            point_objects=np.array([number for number, _, _ in points], dtype=np.int64),
            point_labels=np.array([int(is_inside) for _, _, is_inside in points], dtype=np.int64),
        )

    @property
    def objects(self) -> np.ndarray:
        """The ids asked for (int64, ascending, each once)."""
        import numpy as np

        objects: np.ndarray = np.unique(np.concatenate([self.box_objects, self.point_objects]))
        return objects

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Return the five arrays by the names of the fields."""
        return {
            "boxes": self.boxes,
            "box_objects": self.box_objects,
            "points": self.points,
            "point_objects": self.point_objects,
            "point_labels": self.point_labels,
        }

    def header(self) -> JsonDict:
        """Return the grid."""
        return {"grid": self.grid.to_json()}

    @classmethod
    def build(cls, arrays: Mapping[str, np.ndarray], header: JsonDict) -> Self:
        """Return the prompts of these arrays and this header."""
        return cls(Grid.from_json(header["grid"]), **arrays)


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """Masks of objects on `grid` that may overlap, as runs of voxels in C order.

    starts, lengths  int64 (runs,): first voxel and length of each run, mask after mask, ascending within a mask
    runs             int64 (masks,): how many runs each mask has; a mask without a voxel has none
    scores           float64 (masks,): how good the maker takes each mask to be; higher is better
    objects          int64 (masks,): the id each mask was asked for with (see `Prompts`), 0 where nobody asked
    """

    grid: Grid
    starts: np.ndarray
    lengths: np.ndarray
    runs: np.ndarray
    scores: np.ndarray
    objects: np.ndarray

    @classmethod
    def of(
        cls,
        grid: Grid,
        masks: Sequence[np.ndarray],
        *,
        scores: Sequence[float] | None = None,
        objects: Sequence[int] | None = None,
        planes: Sequence[int] | None = None,
    ) -> Self:
        """Return masks from boolean arrays of the grid's shape; the default score is 1, the default object 0.

        With `planes` each array is that plane of the grid's first axis, and the mask has no other voxel.
        """
        import numpy as np

        found = [_runs_of(np.asarray(mask, dtype=bool)) for mask in masks]
        if planes is not None:
            size = int(np.prod(grid.shape[1:]))
            found = [(starts + plane * size, lengths) for (starts, lengths), plane in zip(found, planes, strict=True)]
        empty = np.zeros(0, dtype=np.int64)
        return cls(
            grid,
            starts=np.concatenate([empty, *(starts for starts, _ in found)]),
            lengths=np.concatenate([empty, *(lengths for _, lengths in found)]),
            runs=np.array([len(starts) for starts, _ in found], dtype=np.int64),
            scores=np.array([1.0] * len(found) if scores is None else scores, dtype=np.float64),
            objects=np.array([0] * len(found) if objects is None else objects, dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.runs)

    @property
    def areas(self) -> np.ndarray:
        """The voxels of each mask (int64)."""
        import numpy as np

        ends = np.cumsum(self.runs)
        summed = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(self.lengths)])
        areas: np.ndarray = summed[ends] - summed[ends - self.runs]
        return areas

    def mask(self, number: int) -> np.ndarray:
        """Return one mask (bool) in the shape of the grid."""
        import numpy as np

        flat = np.zeros(int(np.prod(self.grid.shape)), dtype=bool)
        flat[self.voxels(number)] = True
        return flat.reshape(self.grid.shape)

    def voxels(self, number: int) -> np.ndarray:
        """Return the voxels of one mask (int64, ascending) as indices into the flattened grid."""
        import numpy as np

        last = int(self.runs[: number + 1].sum())
        runs = slice(last - int(self.runs[number]), last)
        starts, lengths = self.starts[runs], self.lengths[runs]
        before = np.cumsum(lengths) - lengths
        voxels: np.ndarray = np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths)
        return voxels

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Return the five arrays by the names of the fields."""
        return {
            "starts": self.starts,
            "lengths": self.lengths,
            "runs": self.runs,
            "scores": self.scores,
            "objects": self.objects,
        }

    def header(self) -> JsonDict:
        """Return the grid."""
        return {"grid": self.grid.to_json()}

    @classmethod
    def build(cls, arrays: Mapping[str, np.ndarray], header: JsonDict) -> Self:
        """Return the masks of these arrays and this header."""
        return cls(Grid.from_json(header["grid"]), **arrays)


@dataclass(frozen=True, slots=True, eq=False)
class Confidences:
    """How sure a method is of each object of the `labels` that it made on `grid`.

    objects  int64 (n,): labels, above 0, each once
    scores   float64 (n,): finite; higher is surer, on whatever scale the method has
    """

    grid: Grid
    objects: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, grid: Grid, scores: Mapping[int, float]) -> Self:
        """Return confidences from a score per label, ascending by label."""
        import numpy as np

        objects = sorted(scores)
        return cls(
            grid,
            objects=np.array(objects, dtype=np.int64),
            scores=np.array([scores[number] for number in objects], dtype=np.float64),
        )

    def __len__(self) -> int:
        return len(self.objects)

    def by_object(self) -> dict[int, float]:
        """Return label -> score."""
        return dict(zip(self.objects.tolist(), self.scores.tolist(), strict=True))

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Return both arrays by the names of the fields."""
        return {"objects": self.objects, "scores": self.scores}

    def header(self) -> JsonDict:
        """Return the grid."""
        return {"grid": self.grid.to_json()}

    @classmethod
    def build(cls, arrays: Mapping[str, np.ndarray], header: JsonDict) -> Self:
        """Return the confidences of these arrays and this header."""
        return cls(Grid.from_json(header["grid"]), **arrays)


def _runs_of(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return starts and lengths (int64) of the runs of True in C order."""
    import numpy as np

    flat = np.concatenate([[False], mask.ravel(), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return edges[::2].astype(np.int64), (edges[1::2] - edges[::2]).astype(np.int64)


def objects_in(labels: np.ndarray) -> np.ndarray:
    """Return the ids of the objects of a label image (unsigned or non-negative integers), ascending, without 0."""
    import numpy as np

    highest = int(labels.max(initial=0))
    if highest > 4 * labels.size + 1024:  # a table of all ids would be larger than the image
        ids = np.unique(labels)
        return np.asarray(ids[ids > 0])
    found = np.zeros(highest + 1, dtype=bool)
    found[labels.ravel()] = True
    found[0] = False
    return np.flatnonzero(found)


def content_hash(value: Value) -> str:
    """Return the hash of a value: of its array if it is a volume, else of all its arrays and its header."""
    arrays = {name: hash_array(array) for name, array in value.arrays().items()}
    return arrays["array"] if isinstance(value, Volume) else hash_value([arrays, value.header()])
