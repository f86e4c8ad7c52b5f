"""What goes to a worker and what comes back: jobs and outcomes, and their JSON forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from harness.model import Cell, DataSelection, Fold, StageSpec, Status
from harness.store.records import CellError, StageRecord, StageTiming


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a cell can run: an interpreter, and the extras its stages need ("" for none)."""

    python: str
    extras: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A short name for logs."""
        return "+".join(self.extras) or "core"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A stage to train on named samples before anything can use its weights."""

    spec: StageSpec
    data: DataSelection
    training: tuple[str, ...]
    validation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeightsSource:
    """A resolved "weights" parameter: where its file or folder lies, or how it is trained, and what identifies it.

    path    "" for weights with a recipe
    hash    of the file's or folder's content, or of the recipe
    """

    path: str
    hash: str
    recipe: Recipe | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One cell to compute, its limits, its timing protocol, and the weights its parameters name.

    `shared` names what this cell computes for others too (models, outputs of the first stages): two cells that share
    something which is not yet in the cache are not run at the same time.
    """

    cell: Cell
    backend: Backend
    deadline_s: float
    memory_bytes: int
    warmup: int = 0
    repeats: int = 0
    weights: Mapping[str, WeightsSource] = field(default_factory=dict)
    shared: frozenset[tuple[Any, ...]] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """Return what the worker needs to know."""
        cell = asdict(self.cell)
        cell["chain"] = [spec.to_json() for spec in self.cell.chain]
        weights = {value: asdict(source) for value, source in self.weights.items()}
        return {"cell": cell, "warmup": self.warmup, "repeats": self.repeats, "weights": weights}


def job_from_json(data: Mapping[str, Any]) -> Job:
    """Return the job that a worker was sent; limits are the parent's affair and stay zero."""
    cell = dict(data["cell"])
    fold = cell.pop("fold")
    chain = tuple(StageSpec(**spec) for spec in cell.pop("chain"))
    return Job(
        cell=Cell(
            **{**cell, "metrics": tuple(cell["metrics"]), "data": _selection(cell["data"])},
            fold=Fold(fold["id"], tuple(fold["test"]), tuple(fold["train"]), tuple(fold["validation"])),
            chain=chain,
        ),
        backend=Backend(""),
        deadline_s=0.0,
        memory_bytes=0,
        warmup=data["warmup"],
        repeats=data["repeats"],
        weights={value: _weights(source) for value, source in data["weights"].items()},
    )


def _weights(source: Mapping[str, Any]) -> WeightsSource:
    recipe = source["recipe"]
    if recipe is not None:
        spec, data = StageSpec(**recipe["spec"]), _selection(recipe["data"])
        recipe = Recipe(spec, data, tuple(recipe["training"]), tuple(recipe["validation"]))
    return WeightsSource(source["path"], source["hash"], recipe)


def _selection(data: Mapping[str, Any]) -> DataSelection:
    return DataSelection(**{**data, "channels": tuple(data["channels"])})


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a cell ended in its worker, or how its worker ended."""

    status: Status
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: CellError | None = None
    stages: tuple[StageRecord, ...] = ()
    timings: tuple[StageTiming, ...] = ()
    total_s: float = 0.0
    data: str = ""
    device: str = "cpu"
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form that a worker sends (NaN stays NaN)."""
        return asdict(self)


def outcome_from_json(data: Mapping[str, Any]) -> Outcome:
    """Return the outcome that a worker sent."""
    timings = (StageTiming(**{**timing, "steady_s": tuple(timing["steady_s"])}) for timing in data["timings"])
    return Outcome(
        status=data["status"],
        metrics=data["metrics"],
        error=None if data["error"] is None else CellError(**data["error"]),
        stages=tuple(StageRecord(**stage) for stage in data["stages"]),
        timings=tuple(timings),
        total_s=data["total_s"],
        data=data["data"],
        device=data["device"],
        notes=tuple(data["notes"]),
    )


def failure(status: Status, kind: str, message: str, *, stage: str = "", total_s: float = 0.0) -> Outcome:
    """Return the outcome of a cell that has no scores."""
    return Outcome(status, error=CellError(kind, message, stage), total_s=total_s)


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What every worker of a run is told once.

    device   "cpu", "cuda", or "auto": CUDA for the stages that can use it where there is one
    threads  number of threads of every numerical library in one worker
    catalogue  path of `datasets.toml`, "" for the usual search
    scratch    folder of this worker alone, removed by the parent
    """

    cache: str
    scratch: str
    device: str
    threads: int
    catalogue: str = ""
    plugins: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)

    def with_scratch(self, folder: str) -> WorkerSetup:
        """Return the set-up of one worker."""
        return replace(self, scratch=folder)


def setup_from_json(data: Mapping[str, Any]) -> WorkerSetup:
    """Return the set-up that a worker was sent."""
    return WorkerSetup(**{**data, "plugins": tuple(data["plugins"])})
