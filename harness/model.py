"""The nouns that travel: grids, volumes, samples, stage specifications, cells and folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

Slot = Literal["image", "probability", "embedding", "superpixels", "labels", "prompts", "masks", "truth", "nuclei"]
"""What passes between stages: each slot holds one `Volume`.

image        as read, axes (C)(Z)YX; any real dtype
probability  float32 in [0, 1], axes C(Z)YX, channels named ("foreground", "boundary")
embedding    float32, axes C(Z)YX
superpixels  unsigned integer over-segmentation, axes (Z)YX, no 0 unless masked
labels       unsigned integer instances, axes (Z)YX, 0 is background
truth        the ground truth; only controls may read it
nuclei       a second label image of the sample, for lifted multicut
"""

Tier = Literal["smoke", "mini", "paper"]
TIERS: tuple[Tier, ...] = ("smoke", "mini", "paper")

Status = Literal["ok", "exception", "timeout", "out-of-memory", "killed", "backend-missing", "not-applicable"]
"""How a cell ended; everything but "ok" is a failure record."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A voxel grid: spatial `axes` ("YX" or "ZYX"), shape and spacing in micrometres (None where unknown)."""

    axes: str
    shape: tuple[int, ...]
    spacing_um: tuple[float, ...] | None = None

    @property
    def anisotropy(self) -> tuple[float, ...]:
        """Spacing relative to the finest axis; ones where the spacing is unknown."""
        if self.spacing_um is None:
            return (1.0,) * len(self.shape)
        finest = min(self.spacing_um)
        return tuple(step / finest for step in self.spacing_um)


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """An array on a grid. `axes` names each array axis; a leading "C" is the channel axis.

    `spacing_um` has one entry per spatial axis (None where unknown); `channels` names the entries of "C".
    Nobody changes `array` in place.
    """

    array: np.ndarray
    axes: str
    spacing_um: tuple[float, ...] | None = None
    channels: tuple[str, ...] = ()

    @property
    def grid(self) -> Grid:
        """The spatial grid, without the channel axis."""
        shape = tuple(n for axis, n in zip(self.axes, self.array.shape, strict=True) if axis != "C")
        return Grid(self.axes.replace("C", ""), shape, self.spacing_um)

    def channel(self, name: str) -> np.ndarray:
        """Return the spatial array of one named channel; raises KeyError naming those present."""
        if name not in self.channels:
            raise KeyError(f"no channel '{name}'; present: {', '.join(self.channels) or 'none'}")
        spatial: np.ndarray = self.array[self.channels.index(name)]
        return spatial


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One image with its named ground-truth label images; `hash` identifies its content."""

    dataset: str
    id: str
    image: Volume
    labels: Mapping[str, Volume]
    hash: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Which samples train, validate and test; `id` "" is the only fold of a suite without folds."""

    id: str
    test: tuple[str, ...]
    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage of a row: its id and every parameter with its validated value."""

    id: str
    version: int
    parameters: Mapping[str, Any] = field(hash=False)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that goes into keys and records."""
        return {"id": self.id, "version": self.version, "parameters": dict(self.parameters)}


@dataclass(frozen=True, slots=True)
class DataSelection:
    """What of a sample a row reads: image channels, the label to train on and the label to score against."""

    dataset: str
    channels: tuple[str, ...]
    truth: str
    train_truth: str
    nuclei: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that goes into keys."""
        return {
            "dataset": self.dataset,
            "channels": list(self.channels),
            "truth": self.truth,
            "train_truth": self.train_truth,
            "nuclei": self.nuclei,
        }


@dataclass(frozen=True, slots=True, order=True)
class CellId:
    """Where a cell stands in its suite, whatever its code and inputs: a store holds one record of it."""

    row: str
    dataset: str
    sample: str
    fold: str
    repeat: int

    @property
    def where(self) -> str:
        """What the row was run on: dataset and sample, and fold and repeat where there are several."""
        fold = f" fold {self.fold}" if self.fold else ""
        repeat = f" repeat {self.repeat}" if self.repeat else ""
        return f"{self.dataset}/{self.sample}{fold}{repeat}"

    def __str__(self) -> str:
        return f"{self.row} on {self.where}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One row on one sample of one fold with one seed: the unit of work, failure and resume.

    `key` is the content address: equal keys mean equal inputs, chain, metrics and seed.
    """

    suite: str
    version: int
    tier: Tier
    row: str
    data: DataSelection
    sample: str
    fold: Fold
    repeat: int
    seed: int
    chain: tuple[StageSpec, ...]
    metrics: tuple[str, ...]
    key: str

    @property
    def id(self) -> CellId:
        """Where the cell stands in its suite."""
        return CellId(self.row, self.data.dataset, self.sample, self.fold.id, self.repeat)

    def __str__(self) -> str:
        return f"{self.suite} {self.tier}: {self.id}"
