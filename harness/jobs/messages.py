"""What goes to a worker and what comes back, and the one way in which it becomes a line of JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, TypeAdapter

from harness.errors import HarnessError
from harness.model import Cell, DataSelection, Origin, StageSpec, Status
from harness.store.records import CellError, Counts, StageRecord, StageTiming, told

T = TypeVar("T")
_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}
"""Readers and writers of the kinds of items, made when they are first used."""


class ForeignBytesError(HarnessError):
    """What came over a pipe is no message, or not one of this worker and its cell."""


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a cell can run: an interpreter, and the extras its stages need (none of the core)."""

    python: str
    extras: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A short name for logs."""
        return "+".join(self.extras) or "core"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A stage to train on named samples before anything can use its weights, and the weights that it starts from.

    weights  by the value of the parameter that names them
    """

    spec: StageSpec
    data: DataSelection
    training: tuple[str, ...]
    validation: tuple[str, ...]
    weights: Mapping[str, WeightsSource] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class WeightsSource:
    """A resolved "weights" parameter: where its file or folder lies, or how it is trained, and what identifies it.

    path    "" for weights with a recipe
    hash    of the file's or folder's content, or of the recipe
    """

    path: str
    hash: str
    recipe: Recipe | None = None


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What every worker of a run is told once.

    device   "cpu", "cuda", or "auto": CUDA for the stages that can use it where there is one
    threads  number of threads of every numerical library in one worker
    catalogues  paths of catalogue files, none for the usual search
    scratch    folder of this worker alone, removed by the parent
    """

    cache: str
    scratch: str
    device: str
    threads: int
    catalogues: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()

    def with_scratch(self, folder: str) -> WorkerSetup:
        """Return the set-up of one worker."""
        return replace(self, scratch=folder)


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One cell to compute, its limits, its timing protocol, and the weights its parameters name.

    `shared` names what this cell computes for others too (models, outputs of the first stages): two cells that share
    something which is not yet in the cache are not run at the same time. It is the parent's affair and not sent.
    """

    cell: Cell
    backend: Backend
    deadline_s: float
    memory_bytes: int
    warmup: int = 0
    repeats: int = 0
    weights: Mapping[str, WeightsSource] = field(default_factory=dict)
    shared: Annotated[frozenset[tuple[Any, ...]], Field(exclude=True)] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a cell ended in its worker, or how its worker ended. `metrics` may hold NaN.

    counts      the addable numbers behind the metrics
    prediction  content hash of what was scored, by slot
    origins     where metrics come from that are none of this package
    """

    status: Status
    metrics: Mapping[str, float] = field(default_factory=dict)
    error: CellError | None = None
    stages: tuple[StageRecord, ...] = ()
    timings: tuple[StageTiming, ...] = ()
    total_s: float = 0.0
    data: str = ""
    device: str = "cpu"
    notes: tuple[str, ...] = ()
    counts: Counts = field(default_factory=dict)
    prediction: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker can take its first cell: what it says of its machine, and the fingerprint of that."""

    environment: Mapping[str, Any] = field(hash=False)
    fingerprint: str
    machine: str
    event: Literal["ready"] = "ready"


@dataclass(frozen=True, slots=True)
class StageBegun:
    """A stage of the cell is being trained or run."""

    stage: str
    event: Literal["stage"] = "stage"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The cell waits for another worker that trains the same model; the wait is not the cell's time."""

    stage: str
    event: Literal["waiting"] = "waiting"


@dataclass(frozen=True, slots=True)
class Resumed:
    """The wait is over, or nobody alive is waited for any more."""

    stage: str
    event: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True)
class Log:
    """A line for the user of the run."""

    line: str
    event: Literal["log"] = "log"


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """The cell has ended; a worker that `is_spent` must not compute another one."""

    outcome: Outcome
    is_spent: bool = False
    event: Literal["done"] = "done"


Event = Annotated[Ready | StageBegun | Waiting | Resumed | Log | Done, Field(discriminator="event")]


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """An event with the process that says it and the key of the cell it speaks of ("" between cells).

    A process that a stage forked holds the same pipe: what it says must not pass for the worker's.
    """

    process: int
    cell: str
    event: Event


def encode(item: Any) -> bytes:
    """Return a set-up, job or message as one line of JSON (NaN stays NaN), without the line's end."""
    return json.dumps(_adapter(type(item)).dump_python(item, mode="json"), separators=(",", ":")).encode()


def decode(kind: type[T], line: bytes) -> T:
    """Return the item of a line; raises `ForeignBytesError` if it is none of that kind."""
    adapter: TypeAdapter[T] = _adapter(kind)
    try:
        item = adapter.validate_python(json.loads(line))
    except (ValueError, RecursionError) as error:
        found = line if len(line) <= 80 else line[:80] + b"..."
        raise ForeignBytesError(f"what came over the pipe is no {kind.__name__.lower()}; found {found!r}") from error
    return item


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def failure(status: Status, kind: str, message: str, *, stage: str = "", total_s: float = 0.0) -> Outcome:
    """Return the outcome of a cell that has no scores."""
    return Outcome(status, error=CellError(kind, message, stage), total_s=total_s)


def mismatch(job: Job, outcome: Outcome) -> str:
    """Return how an outcome with scores contradicts the job it answers, "" if it does not."""
    if outcome.status != "ok":
        return ""
    asked, answered = told(job.cell.chain), told(outcome.stages)
    if asked != answered:
        return f"the answer is of the chain {answered}; the cell has {asked}"
    if set(outcome.metrics) != set(job.cell.metrics):
        return f"the answer has the metrics {sorted(outcome.metrics)}; the cell asks {sorted(job.cell.metrics)}"
    return ""
