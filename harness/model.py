"""The nouns that travel: grids, volumes, samples, stage specifications, cells and folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np

JsonDict = dict[str, Any]
"""A JSON object."""

DISTRIBUTION = "segmentation-harness"
"""The distribution of this package."""

UsesTruth = Literal["", "control", "prompts"]
"""What a stage reads the ground truth for: not at all, to show what a mistake costs, or to make prompts of it."""

Tier = Literal["smoke", "mini", "paper"]
TIERS: tuple[Tier, ...] = ("smoke", "mini", "paper")

Aggregation = Literal["per-image", "per-dataset", "pooled"]
"""How images become one value.

per-image    plain mean over images
per-dataset  plain mean over data sets of their means over images: a large data set weighs as much as a small one
pooled       the metric of the summed counts: an image weighs as much as what is counted in it
"""

Status = Literal["ok", "exception", "timeout", "out-of-memory", "killed", "backend-missing", "not-applicable", "lost"]
"""How a cell ended; everything but "ok" is a failure record. "lost" is none of the method's: its machine was gone."""
NOT_THE_METHODS: tuple[Status, ...] = ("backend-missing", "not-applicable", "lost")
"""Failures that say nothing of the method: nothing was computed."""


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

    def to_json(self) -> JsonDict:
        """Return the JSON form, which `from_json` reads."""
        return {"axes": self.axes, "shape": list(self.shape), "spacing_um": _listed(self.spacing_um)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Grid:
        """Return the grid that `to_json` wrote."""
        spacing = data["spacing_um"]
        return cls(data["axes"], tuple(data["shape"]), None if spacing is None else tuple(spacing))


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

    def arrays(self) -> Mapping[str, np.ndarray]:
        """Return {"array": array}."""
        return {"array": self.array}

    def header(self) -> JsonDict:
        """Return axes, spacing and channels."""
        return {"axes": self.axes, "spacing_um": _listed(self.spacing_um), "channels": list(self.channels)}

    @classmethod
    def build(cls, arrays: Mapping[str, np.ndarray], header: JsonDict) -> Volume:
        """Return the volume of these arrays and this header."""
        spacing = header["spacing_um"]
        spacing_um = None if spacing is None else tuple(spacing)
        return cls(arrays["array"], header["axes"], spacing_um, tuple(header["channels"]))


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
class Origin:
    """Where a stage comes from: its distribution and version, or the file of a plug-in, and the digest of its code.

    `distribution` is the name of the file for a plug-in of one file; `version` is "" where there is none.
    """

    distribution: str
    version: str
    code: str

    @property
    def is_plugin(self) -> bool:
        """Whether the code is not that of this package: then it is part of every key."""
        return self.distribution not in ("", DISTRIBUTION)


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage of a row: its id, every parameter with its validated value, and where its code comes from.

    name        what the row calls this use of the stage; "" where it stands once
    uses_truth  what the stage reads the ground truth for; "" if it does not
    run_only    names of the parameters that act in prediction and not in training
    """

    id: str
    version: int
    parameters: Mapping[str, Any] = field(hash=False)
    origin: Origin = Origin("", "", "")
    name: str = ""
    uses_truth: UsesTruth = ""
    run_only: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """How the row calls this use of the stage: its name, else the id."""
        return self.name or self.id

    def to_json(self) -> dict[str, Any]:
        """Return what the stage is told to do, whoever's code does it: seeds are derived from it."""
        return {"id": self.id, "version": self.version, "parameters": dict(self.parameters)}

    def key_json(self) -> dict[str, Any]:
        """Return what goes into the key of a cell: with the code of a plug-in.

        In-tree code is left out, so that a refactoring does not make every published record stale.
        """
        return {**self.to_json(), "code": self.origin.code} if self.origin.is_plugin else self.to_json()

    def code_json(self) -> dict[str, Any]:
        """Return what goes into the key of an output: with the code, in the tree or not."""
        return {**self.to_json(), "code": self.origin.code}

    def fit_json(self) -> dict[str, Any]:
        """Return what a training is told to do: without the parameters that act in prediction only."""
        told = {name: value for name, value in self.parameters.items() if name not in self.run_only}
        return {"id": self.id, "version": self.version, "parameters": told}


@dataclass(frozen=True, slots=True)
class DataSelection:
    """What of a sample a row reads: image channels, the label to score against, the one to train on, and further ones.

    `reads` names further label images by the slot in which stages find them, in the order of the slots' names.
    """

    dataset: str
    channels: tuple[str, ...]
    truth: str
    train_truth: str
    reads: tuple[tuple[str, str], ...] = ()

    @property
    def truths(self) -> tuple[str, ...]:
        """The slots of `reads` whose label image is scored against or trained on."""
        return tuple(slot for slot, label in self.reads if label in (self.truth, self.train_truth))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that goes into keys."""
        return {
            "dataset": self.dataset,
            "channels": list(self.channels),
            "truth": self.truth,
            "train_truth": self.train_truth,
            "reads": dict(self.reads),
        }


class CellId(NamedTuple):
    """Where a cell stands in its suite, whatever its code and inputs: a store holds one record of it.

    A tuple, for it is made, compared and looked up several times for each of up to a million cells.
    """

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
class Scope:
    """What of a truth and a prediction is compared.

    ignore     a label of the truth whose voxels are counted nowhere, or the name of a label image: voxels where it is
               not 0 are counted nowhere; None counts all
    border     whether objects with a voxel among the outermost `border_px` ones of their image are kept or dropped
    sparse     whether the truth holds only some of the objects
    """

    ignore: int | str | None = None
    border: Literal["keep", "drop"] = "keep"
    border_px: int = 1
    sparse: bool = False

    def to_json(self) -> JsonDict:
        """Return what differs from comparing everything: it goes into keys and records, so those of old stay."""
        said: JsonDict = {} if self.ignore is None else {"ignore": self.ignore}
        if self.border == "drop":
            said |= {"border": self.border, "border_px": self.border_px}
        return {**said, **({"sparse": True} if self.sparse else {})}

    @property
    def words(self) -> str:
        """The same for people; "" where everything is compared."""
        ignored = "" if self.ignore is None else f"voxels of the truth's label {self.ignore} are ignored"
        if isinstance(self.ignore, str):
            ignored = f"voxels of label image '{self.ignore}' are ignored"
        dropped = f"objects within {self.border_px} px of the border are dropped" if self.border == "drop" else ""
        return "; ".join(part for part in (ignored, dropped, "the truth is sparse" if self.sparse else "") if part)


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """What a cell compares: a slot that its chain made, with a label image of the data or with another slot.

    name       "" for the pair that every suite has; metric ids of another one are "name:metric"
    pred       the slot; where it holds reals, voxels above `threshold` are its foreground
    truth      a slot ("truth" is the label image that the row is scored against), else a label image of the data
    scope      what of both is compared
    """

    name: str
    pred: str
    truth: str
    metrics: tuple[str, ...]
    threshold: float = 0.5
    scope: Scope = Scope()

    def id_of(self, name: str) -> str:
        """Return the id of a metric or count in a record."""
        return f"{self.name}:{name}" if self.name else name

    def to_json(self) -> JsonDict:
        """Return the JSON form that goes into keys."""
        return {
            "name": self.name,
            "pred": self.pred,
            "truth": self.truth,
            "metrics": list(self.metrics),
            "threshold": self.threshold,
            **self.scope.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Cell:
    """One row on one sample of one fold with one seed: the unit of work, failure and resume.

    `key` is the content address: equal keys mean equal inputs, chain, metrics and seed. `draw` is the seed of what rows
    draw alike: it depends on seed group, dataset, fold and repeat alone.
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
    scores: tuple[ScoredPair, ...]
    key: str
    draw: int = 0

    @property
    def uses_truth(self) -> UsesTruth:
        """What the chain reads the ground truth for besides scoring."""
        return next((spec.uses_truth for spec in self.chain if spec.uses_truth), "")

    @property
    def id(self) -> CellId:
        """Where the cell stands in its suite."""
        return CellId(self.row, self.data.dataset, self.sample, self.fold.id, self.repeat)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The ids of every metric of the cell's record."""
        return tuple(pair.id_of(metric) for pair in self.scores for metric in pair.metrics)

    def scope_json(self) -> dict[str, JsonDict]:
        """Return by scored pair what of its images is compared, where that is not everything."""
        return {pair.name: said for pair in self.scores if (said := pair.scope.to_json())}

    def __str__(self) -> str:
        return f"{self.suite} {self.tier}: {self.id}"


def _listed(values: tuple[float, ...] | None) -> list[float] | None:
    return None if values is None else list(values)
