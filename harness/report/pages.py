"""What a page shows, as plain values: the templates only lay it out and escape every string."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from harness.model import Tier
from harness.store import Code, Record, StageRecord, StatementRecord, Timing
from harness.suite import Suite
from harness.tables import Printed
from harness.tables.errors import ErrorRow


@dataclass(frozen=True, slots=True)
class Metric:
    """One score of a record, as text."""

    id: str
    value: str


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record: its anchor on the page, its line in `scores.jsonl`, and what it says as text."""

    anchor: str
    line: int
    key: str
    row: str
    where: str
    status: str
    error: str
    metrics: tuple[Metric, ...]
    seconds: str
    environment: str
    commit: str
    seed: int
    chain: str


@dataclass(frozen=True, slots=True)
class StatementView:
    """The facts of one row of a data table and where they come from, as text."""

    row: str
    source: str
    data: tuple[str, ...]
    notes: str
    commit: str
    key: str


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure: its title in one line, the picture, the lines below it, and where its file lies."""

    title: str
    svg: str
    caption: tuple[str, ...]
    file: str

    @property
    def source(self) -> str:
        """An address that holds the whole picture.

        So the page stands alone, and whatever the picture holds can neither run nor reach the styles and anchors of
        the page, as markup within the page could.
        """
        content = base64.b64encode(self.svg.encode("utf-8")).decode("ascii")
        return f"data:image/svg+xml;base64,{content}"


@dataclass(frozen=True, slots=True)
class Page:
    """A suite on one tier: its table, its records, and where its files lie relative to the page."""

    suite: Suite
    tier: Tier
    table: Printed
    records: tuple[RecordView, ...]
    environments: Mapping[str, str]
    files: tuple[str, ...]
    statements: tuple[StatementView, ...] = ()
    figures: tuple[FigureView, ...] = ()
    errors: tuple[ErrorRow, ...] = ()

    @property
    def name(self) -> str:
        """File name of the page."""
        return f"{self.suite.id}-v{self.suite.version}-{self.tier}.html"

    @property
    def by_row(self) -> dict[str, list[RecordView]]:
        """Records by row, in order."""
        rows: dict[str, list[RecordView]] = {}
        for record in self.records:
            rows.setdefault(record.row, []).append(record)
        return rows


def record_view(record: Record, timing: Timing | None, line: int) -> RecordView:
    """Return what the page says of a record."""
    error = ""
    if record.error is not None:
        where = f" in stage {record.error.stage}" if record.error.stage else ""
        error = f"{record.error.type}{where}: {record.error.message}"
    return RecordView(
        anchor=f"cell-{line}",
        line=line,
        key=record.cell[:12],
        row=record.row,
        where=record.id.where,
        status=record.status,
        error=error,
        metrics=tuple(Metric(name, _number(value)) for name, value in record.metrics.items()),
        seconds="" if timing is None or timing.run_s is None else f"{timing.run_s:.3g}",
        environment=record.environment,
        commit=_commit(record.code),
        seed=record.seed,
        chain=" → ".join(_stage(stage) for stage in record.stages),
    )


def statement_view(record: StatementRecord) -> StatementView:
    """Return what the page says of the facts of a row."""
    source = ", ".join(f"{name} {_listed(value)}" for name, value in record.source.items())
    data = tuple(f"{name} {digest[:12]}" for name, digest in record.data.items())
    return StatementView(record.row, source, data, "; ".join(record.notes), _commit(record.code), record.key[:12])


def environment_text(environment: Mapping[str, Any]) -> str:
    """Return an environment as indented JSON."""
    return json.dumps(environment, indent=2, sort_keys=True)


def records_folder(suite: Suite, tier: Tier) -> PurePosixPath:
    """Return where the copies of a tier's files lie, relative to the pages."""
    return PurePosixPath("records", suite.id, f"v{suite.version}", tier)


def _stage(stage: StageRecord) -> str:
    named = f" as {stage.name}" if stage.name else ""
    return f"{stage.id} v{stage.version}{named}"


def _commit(code: Code) -> str:
    return f"{code.commit[:12] or 'unknown'}{' (changed)' if code.dirty else ''}"


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _number(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.6g}"
