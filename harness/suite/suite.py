"""A loaded suite: its rows with the matrix expanded, and where each of them stands in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.claims.naming import NamedRow, Scalar
from harness.config import TomlData
from harness.errors import ConfigError, nearest
from harness.model import TIERS, Tier
from harness.suite.schema import (
    ClaimSpec,
    DataRowSpec,
    Limits,
    Overrides,
    Published,
    RowSpec,
    ScoresSpec,
    SpreadOver,
    SuiteFile,
    TierSpec,
    Timing,
)
from harness.toml_lines import KeyPath

NOTHING = Overrides()
"""What most tiers change for most rows."""


@dataclass(frozen=True, slots=True)
class StageUse:
    """A stage in a row: its id, the parameters that the row gives, and what it calls this use ("" for nothing)."""

    id: str
    parameters: Mapping[str, Any] = field(hash=False)
    name: str = ""

    @property
    def called(self) -> str:
        """What overrides, claims and figures address: the name of this use, else the stage's id."""
        return self.name or self.id


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One method of the suite; `place` is the key path of its declaration in the file."""

    spec: RowSpec
    stages: tuple[StageUse, ...]
    place: KeyPath

    @property
    def id(self) -> str:
        """Name of the row."""
        return self.spec.id

    @property
    def label(self) -> str:
        """Name of the row in tables."""
        return self.spec.label or self.spec.id

    @property
    def group(self) -> str:
        """Heading under which tables put the row."""
        return self.spec.group

    @property
    def axes(self) -> Mapping[str, Scalar]:
        """Values by axis: those of its matrix, or those that the row states."""
        return self.spec.axes

    @property
    def reported_s(self) -> float | None:
        """Seconds an image as the author of label images that were made elsewhere states them, None if nobody does."""
        return self.spec.reported_s

    @property
    def published(self) -> Mapping[str, Published]:
        """Printed values by metric id."""
        return self.spec.published

    @property
    def availability(self) -> str:
        """Where weights and data of the row come from, or why they are absent."""
        return self.spec.availability

    def overrides(self, tier: Tier) -> Overrides:
        """Return what a tier changes for this row."""
        return self.spec.tiers.get(tier, NOTHING)


@dataclass(frozen=True, eq=False)
class Suite:
    """A suite whose file is free of mistakes that need no dataset to find. Not slotted: its columns are found once."""

    file: SuiteFile
    rows: tuple[Row, ...]
    source_file: TomlData
    hash: str
    added: tuple[str, ...] = ()
    """Rows that are none of the suite's, but were laid over it."""
    added_metrics: tuple[str, ...] = ()
    """Metrics that are none of the suite's, but were laid over it; no key of a cell knows of them."""

    @property
    def id(self) -> str:
        """Name of the suite."""
        return self.file.id

    @property
    def version(self) -> int:
        """Version of the suite; results of another version are not comparable."""
        return self.file.version

    @property
    def title(self) -> str:
        """Heading of its table."""
        return self.file.title

    @property
    def source(self) -> str:
        """Which table or figure of which work it repeats."""
        return self.file.source

    @property
    def kind(self) -> str:
        """Either "scores" or "data-table"."""
        return self.file.kind

    @property
    def path(self) -> Path:
        """The suite's file."""
        return self.source_file.path

    @property
    def tiers(self) -> Mapping[Tier, TierSpec]:
        """What each tier runs."""
        return self.file.tiers

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Metric ids in the order of the columns: of the suite, laid over it, of its further pairs."""
        named = (f"{name}:{metric}" for _, name, spec in self.further_pairs() for metric in spec.metrics)
        return (*self.file.metrics, *self.added_metrics, *dict.fromkeys(named))

    def further_pairs(self) -> Iterator[tuple[KeyPath, str, ScoresSpec]]:
        """Yield every further pair that is scored anywhere, with its name and the place of its declaration."""
        holders: list[tuple[KeyPath, Mapping[str, ScoresSpec] | None]] = [((), self.file.scores)]
        holders += [(("tiers", tier), spec.scores) for tier, spec in self.tiers.items()]
        for row in self.rows:
            holders.append((row.place, row.spec.scores))
            holders += [((*row.place, "tiers", tier), spec.scores) for tier, spec in row.spec.tiers.items()]
        for place, scores in holders:
            for name, spec in (scores or {}).items():
                yield (*place, "scores", name), name, spec

    @property
    def primary(self) -> str:
        """The metric that ranks rows; "" for a data table."""
        return self.file.primary or next(iter(self.metrics), "")

    @property
    def spread_over(self) -> SpreadOver:
        """What one value of mean and spread is."""
        return self.file.spread_over

    @property
    def seed_group(self) -> str:
        """What seeds are derived from besides data, fold, sample and repeat."""
        return self.file.seed_group or self.file.id

    @property
    def claims(self) -> tuple[ClaimSpec, ...]:
        """Sentences to check."""
        return self.file.claims

    @property
    def named_rows(self) -> tuple[NamedRow, ...]:
        """The rows as claims and figures name them."""
        return tuple(NamedRow(row.id, row.axes) for row in self.rows)

    @property
    def published(self) -> Mapping[str, Mapping[str, Published]]:
        """Printed values by row and metric."""
        return {row.id: row.published for row in self.rows if row.published}

    @property
    def data_rows(self) -> tuple[DataRowSpec, ...]:
        """Rows of a data table."""
        return self.file.data_rows

    @property
    def default_tier(self) -> Tier:
        """The tier run when none is named: the declared one, else the smallest there is."""
        if self.file.default_tier is not None:
            return self.file.default_tier
        return next(tier for tier in TIERS if tier in self.file.tiers)

    def tier(self, name: Tier) -> TierSpec:
        """Return a tier's declaration; raises `ConfigError` if the suite has no such tier."""
        if name not in self.tiers:
            raise ConfigError(f"suite '{self.id}' has no tier '{name}'; it has: {', '.join(self.tiers)}")
        return self.tiers[name]

    def row(self, name: str) -> Row:
        """Return a row; raises `ConfigError` with the nearest match."""
        if name not in self._by_id:
            raise ConfigError(f"suite '{self.id}' has no row '{name}'{nearest(name, self._by_id)}")
        return self._by_id[name]

    @cached_property
    def _by_id(self) -> Mapping[str, Row]:
        """The rows by their names: each cell of a run asks for its own."""
        return {row.id: row for row in self.rows}

    def timing_of(self, tier: Tier, row: Row) -> Timing:
        """Return the timing protocol of a row on a tier: of the row's tier, else the tier, the suite."""
        return row.overrides(tier).timing or self.tier(tier).timing or self.file.timing

    def limits_of(self, tier: Tier, row: Row) -> Limits:
        """Return the limits of one cell of a row on a tier: of the row's tier, else the tier, the suite."""
        return row.overrides(tier).limits or self.tier(tier).limits or self.file.limits

    def repeats_of(self, tier: Tier, row: Row) -> int:
        """Return the number of seeds of a row on a tier: of the row's tier, else the row, the tier, the suite."""
        return row.overrides(tier).repeats or row.spec.repeats or self.tier(tier).repeats or self.file.repeats
