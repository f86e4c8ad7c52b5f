"""What one cell left behind: its record (exact) and its timing (noisy, of one machine), and their JSON forms."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from operator import attrgetter
from statistics import median
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from harness.config import shortened
from harness.errors import StoreError
from harness.hashing import canonical_json, hash_value
from harness.model import CellId, Origin, StageSpec, Status, Tier
from harness.store.migrations import SCHEMA, upgrade

ItemT = TypeVar("ItemT")
NO_CHECKSUM = "none"
"""What stands for the checksum of a line from which it was taken away; no content has it."""
Counts = Mapping[str, int | float | tuple[int | float, ...]]
"""Addable numbers by name, as `harness.metrics.counts` defines them."""
_SILENT = {"silent": True}
"""Marks a field that a line leaves out while it is empty, so that lines from before it was there stay what they are."""


@dataclass(frozen=True, slots=True)
class CellError:
    """Why a cell failed: the exception's type (or the status), one line of text, the stage id ("" outside stages)."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    type: str
    message: str
    stage: str = ""


@dataclass(frozen=True, slots=True)
class StageRecord:
    """One stage of a cell: what it was, the hash of its fitted model, of its weight files and of its output.

    name     how its row calls this use of the stage; "" where it stands once
    origin   where its code comes from, with the digest of that code; None in records made before this was kept
    facts    exact numbers that its training or its run reported
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    version: int
    parameters: Mapping[str, Any] = field(hash=False)
    model: str | None = None
    weights: Mapping[str, str] = field(default_factory=dict, hash=False)
    output: str = ""
    name: str = ""
    origin: Origin | None = None
    facts: Mapping[str, int | float] = field(default_factory=dict, hash=False)

    @property
    def called(self) -> str:
        """The name of this use of the stage, else its id."""
        return self.name or self.id


def told(stages: Iterable[StageRecord | StageSpec]) -> str:
    """Return, as one text, what the stages of a chain were told to do: equal for a chain and for a record of it."""
    return canonical_json([[stage.id, stage.version, dict(stage.parameters)] for stage in stages])


@dataclass(frozen=True, slots=True)
class Code:
    """The commit of the harness and whether its files differed from it ("unknown" and None where git cannot say)."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    commit: str = "unknown"
    dirty: bool | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Scores of one cell, or its failure. `metrics` may hold NaN where a convention defines it (null in JSON).

    counts         the addable numbers behind the metrics, those of a named pair as "pair:name"; they are what pooling
                   over images and new aggregations are made from
    prediction     content hash of what was scored, by slot; it is looked up in the store of predictions
    uses_truth     why the truth was read beside scoring: "control", or "prompts" made from it; "" if it was not
    contamination  whether weights have seen the sample: "clean", "unknown", "" where no weights are used
    added          whether the row is none of the suite's, but was laid over it
    origins        by id, where those metrics come from that are none of this package, with the digest of their code
    scope          by name of a scored pair, what of its images was compared where that was not everything
    checksum       over all else, parsed; "" before the record is written. A line whose checksum is another was altered
    is_sound       whether it was read of a line with the right checksum (`take_for_sound`), so that it need not be
                   hashed again; no line says it, and a changed copy has to be hashed
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    cell: str
    suite: str
    version: int
    tier: Tier
    row: str
    dataset: str
    sample: str
    fold: str
    repeat: int
    seed: int
    status: Status
    metrics: Mapping[str, float] = field(default_factory=dict, hash=False)
    error: CellError | None = None
    stages: tuple[StageRecord, ...] = ()
    data: str = ""
    notes: tuple[str, ...] = ()
    environment: str = ""
    code: Code = field(default_factory=Code)
    counts: Counts = field(default_factory=dict, hash=False)
    prediction: Mapping[str, str] = field(default_factory=dict, hash=False)
    uses_truth: Literal["", "control", "prompts"] = ""
    contamination: Literal["", "clean", "unknown"] = ""
    added: bool = False
    origins: Mapping[str, Origin] = field(default_factory=dict, hash=False, metadata=_SILENT)
    scope: Mapping[str, Mapping[str, int | str | bool]] = field(default_factory=dict, hash=False, metadata=_SILENT)
    checksum: str = field(default="", compare=False)
    is_sound: bool = field(default=False, init=False, compare=False, repr=False)

    @property
    def id(self) -> CellId:
        """Where the cell stands in its suite."""
        return CellId(self.row, self.dataset, self.sample, self.fold, self.repeat)

    @property
    def is_altered(self) -> bool:
        """Whether something of the record was changed after it was written."""
        return not self.is_sound and self.checksum != "" and self.checksum != self._content_checksum()

    def to_line(self) -> str:
        """Return the one JSON line of the record; raises `StoreError` for an infinite metric.

        A checksum that is there stays, so that copying an altered line does not make it good.
        """
        for name, value in self.metrics.items():
            if math.isinf(value):
                raise StoreError(f"cell {self.cell[:12]} of row '{self.row}': metric '{name}' is {value}")
        checksum = self.checksum or self._content_checksum()
        return json_line(self, metrics=_without_nan(self.metrics), checksum=checksum)

    def _content_checksum(self) -> str:
        content = {**_fields(self), "metrics": _without_nan(self.metrics)}
        del content["checksum"]
        return hash_value(content, _plain)


@dataclass(frozen=True, slots=True)
class StageTiming:
    """Seconds and bytes of one stage of a cell.

    name               how its row calls this use of the stage; "" where it stands once
    load_s             building the model in the worker; None when it was already loaded there
    fit_s              training; None for a stage that does not train; the recorded time when `fit_cached`
    first_s            the first call on inputs of this shape in this worker; None when a call came before
    steady_s           every later measured call
    cached             the output came from the cache: times are those recorded when it was made, and are absent
                       when it was made on another machine, device or number of threads
    peak_bytes         highest resident memory of the worker's process tree during load and calls
    device_peak_bytes  highest memory allocated on the device; None on the CPU
    cpu_s              processor time of all threads of the process tree during load and calls
    fit_cpu_s          the same during training: over `fit_s` it is the number of cores that were kept busy
    device             what the stage computed on ("cpu", "cuda"); "" where it was not recorded
    fit_busy_s         how long the device worked on gradient steps, for stages that tell; the rest of `fit_s` is
                       waiting for batches, validation, and what comes before and after
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    load_s: float | None = None
    fit_s: float | None = None
    first_s: float | None = None
    steady_s: tuple[float, ...] = ()
    cached: bool = False
    fit_cached: bool = False
    peak_bytes: int | None = None
    device_peak_bytes: int | None = None
    fit_peak_bytes: int | None = None
    fit_device_peak_bytes: int | None = None
    cpu_s: float | None = None
    fit_cpu_s: float | None = None
    fit_busy_s: float | None = None
    device: str = ""
    name: str = field(default="", metadata=_SILENT)

    @property
    def called(self) -> str:
        """The name of this use of the stage, else its id."""
        return self.name or self.id

    @property
    def run_s(self) -> float | None:
        """Seconds of one call: the median steady call, else the first call, else None (not measured here)."""
        if len(self.steady_s) == 1:  # most often
            return self.steady_s[0]
        return median(self.steady_s) if self.steady_s else self.first_s


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one cell took on one machine; `total_s` is the wall time of the whole cell in its worker.

    `checksum` is over all else, as it was written; "" before that, and in lines from before it was kept.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    cell: str
    row: str
    dataset: str
    sample: str
    fold: str
    repeat: int
    machine: str
    environment: str
    device: str
    threads: int
    stages: tuple[StageTiming, ...] = ()
    total_s: float = 0.0
    commit: str = ""
    checksum: str = field(default="", compare=False, metadata=_SILENT)

    @property
    def id(self) -> CellId:
        """Where the cell stands in its suite."""
        return CellId(self.row, self.dataset, self.sample, self.fold, self.repeat)

    @property
    def run_s(self) -> float | None:
        """Sum of `StageTiming.run_s`, or None if any stage was not measured on this machine."""
        known = [run_s for stage in self.stages if (run_s := stage.run_s) is not None]
        return sum(known) if known and len(known) == len(self.stages) else None

    def to_line(self) -> str:
        """Return the one JSON line of the timing; a checksum that is there stays, also where it is wrong."""
        return sealed_line(self)


place_of: Callable[[Record | Timing], tuple[str, str, str, str, int]] = attrgetter(*CellId._fields)
"""Return where the cell of a record or a timing stands: a tuple that equals its `id`, made in a third of the time."""


def read_record(data: Any, where: str) -> Record:
    """Return the record of a JSON object; raises `StoreError` beginning with `where` ("file:line").

    A line of today's schema whose checksum was taken away counts as altered.
    """
    is_of_today = isinstance(data, dict) and data.get("schema") == SCHEMA
    is_sound = has_its_checksum(data)
    data = upgrade(data, "record", where)
    if is_of_today and not data.get("checksum"):
        data["checksum"] = NO_CHECKSUM
    metrics = data.get("metrics")
    if isinstance(metrics, dict) and None in metrics.values():
        data["metrics"] = {name: math.nan if value is None else value for name, value in metrics.items()}
    record = read_item(_record_adapter(), data, where)
    if is_sound:
        take_for_sound(record)
    return record


def take_for_sound(record: Record) -> None:
    """Remember that the line of a record has the right checksum (`has_its_checksum`)."""
    object.__setattr__(record, "is_sound", True)


def has_its_checksum(data: Any) -> bool:
    """Return whether a JSON object is a line of today's schema that says what it said when it was written."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        return False
    content = dict(data)
    del content["schema"]
    stated = content.pop("checksum", "")
    try:
        return bool(stated == hash_value(content))
    except ValueError:  # it holds what JSON has no number for: no line of ours does
        return False


def read_timing(data: Any, where: str) -> Timing:
    """Return the timing of a JSON object; raises `StoreError` beginning with `where` ("file:line")."""
    return read_item(_timing_adapter(), upgrade(data, "timing", where), where)


@cache
def _record_adapter() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


@cache
def _timing_adapter() -> TypeAdapter[Timing]:
    return TypeAdapter(Timing)


def _without_nan(metrics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else float(value) for name, value in metrics.items()}


def read_item(adapter: TypeAdapter[ItemT], data: dict[str, Any], where: str) -> ItemT:
    """Return the value of a JSON object; raises `StoreError` beginning with `where` and naming the key."""
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise StoreError(f"{where}: key '{key}': {problem['msg']}; found {shortened(problem['input'])}") from error


def json_line(item: Any, **changed: Any) -> str:
    """Return a dataclass as one line of JSON, with today's schema number first and some values replaced."""
    return json.dumps(
        {"schema": SCHEMA, **_fields(item), **changed},
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=_plain,
    )


def sealed_line(item: Any) -> str:
    """Return a dataclass whose last field is a silent `checksum` as one line of JSON that ends with it."""
    line = json_line(item)
    return line if item.checksum else f'{line[:-1]},"checksum":"{line_checksum(line)}"}}'


def line_checksum(line: str | bytes) -> str:
    """Return the checksum of what a line of JSON says beside its checksum, in whatever way its numbers are written."""
    content = json.loads(line, parse_int=float)
    content.pop("checksum", None)
    return hash_value(content)


def _plain(value: Any) -> dict[str, Any]:
    """Return what JSON does not know, dataclasses and mappings, as dictionaries."""
    return _fields(value) if hasattr(value, "__dataclass_fields__") else dict(value)


def _fields(item: Any) -> dict[str, Any]:
    """Return the fields of a dataclass in declared order, without silent ones that are empty."""
    return {
        name: content for name, is_silent in _names(item.__class__) if (content := getattr(item, name)) or not is_silent
    }


@cache
def _names(kind: type) -> tuple[tuple[str, bool], ...]:
    """Return the names of a dataclass's fields that lines say, and whether each is silent."""
    return tuple((declared.name, bool(declared.metadata)) for declared in fields(kind) if declared.init)
