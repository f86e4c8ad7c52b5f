"""A suite on a tier with everything that a results folder holds of it: the one join of cells and records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.advisories import Advisory, hits
from harness.aggregation import Combine, combining
from harness.datatables import DataTableRow
from harness.model import Cell, CellId, Origin, Tier
from harness.store import Record, StatementRecord, Store, Timing
from harness.store.records import place_of
from harness.suite import Selection, Suite

if TYPE_CHECKING:
    from harness.datasets import Catalogue
    from harness.metrics import Metric


@dataclass(frozen=True)
class RowStanding:
    """The cells of one row in order, and the current records that they have.

    Not slotted: whether records were altered is a hash over each, and is asked once.
    """

    row: str
    cells: tuple[Cell, ...]
    records: tuple[Record, ...]

    @cached_property
    def scored(self) -> tuple[Record, ...]:
        """Records of cells that have scores; what was altered after it was written counts for nothing."""
        return tuple(record for record in self.records if record.status == "ok" and not record.is_altered)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Data sets of the cells, in their order."""
        return tuple(dict.fromkeys(cell.data.dataset for cell in self.cells))

    def on(self, dataset: str) -> RowStanding:
        """Return the standing of the row's cells of one data set."""
        cells = tuple(cell for cell in self.cells if cell.data.dataset == dataset)
        return RowStanding(self.row, cells, tuple(record for record in self.records if record.dataset == dataset))

    @property
    def ok(self) -> int:
        """Number of cells with scores."""
        return len(self.scored)

    @property
    def failed(self) -> int:
        """Number of cells that were tried and failed, or whose record was altered."""
        return len(self.records) - self.ok

    @property
    def missing(self) -> int:
        """Number of cells without a current record."""
        return len(self.cells) - len(self.records)

    @property
    def gaps(self) -> str:
        """What the row lacks ("" for nothing): failed records by status, altered ones, and cells that were not run."""
        failed = Counter(record.status for record in self.records if record.status != "ok")
        parts = [f"{count} failed ({status})" for status, count in sorted(failed.items())]
        altered = self.failed - failed.total()
        parts += [f"{count} {what}" for count, what in ((altered, "altered"), (self.missing, "not run")) if count]
        return ", ".join(parts)


@dataclass(frozen=True, eq=False)
class Standing:
    """Cells of a suite on a tier beside records.

    current     by cell: the record of its own key, whatever its status
    stale       records of cells that the suite has, made by another chain, of other data or another version
    foreign     records of cells that the suite does not have (any more)
    timings     of every cell and machine, `timed` those of current cells
    metrics     what each metric id of the suite means
    origins     where those metrics come from that are none of this package, by the metric's own id
    suites      suites that claims on printed values name
    statements  rows of a data table, which has no cells
    store       where all of it was read; None for records that lie in memory
    advisories  what is known to be wrong with recorded numbers
    stored      every record of the folder in its order, whatever cells the suite has
    """

    suite: Suite
    tier: Tier
    cells: tuple[Cell, ...]
    current: Mapping[CellId, Record]
    stale: tuple[Record, ...] = ()
    foreign: tuple[Record, ...] = ()
    timings: tuple[Timing, ...] = ()
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    suites: Mapping[str, Suite] = field(default_factory=dict)
    statements: tuple[DataTableRow, ...] = ()
    store: Store | None = None
    advisories: tuple[Advisory, ...] = ()
    stored: tuple[Record, ...] = ()

    @classmethod
    def join(
        cls,
        suite: Suite,
        tier: Tier,
        cells: Sequence[Cell],
        records: Iterable[Record],
        timings: Iterable[Timing] = (),
        **further: Any,
    ) -> Standing:
        """Return the standing of cells among records; `further` are the fields that need no join."""
        ids = tuple(cell.id for cell in cells)
        wanted: dict[tuple[object, ...], Cell] = dict(zip(ids, cells, strict=True))
        current: dict[tuple[object, ...], Record] = {}
        stale, foreign = [], []
        stored = tuple(records)
        for record in stored:
            place = place_of(record)
            cell = wanted.get(place)
            if cell is None:
                foreign.append(record)
            elif cell.key == record.cell:
                current[place] = record
            else:
                stale.append(record)
        shown = {place: current[place] for place in ids if place in current}
        made = cls(
            suite, tier, tuple(cells), shown, tuple(stale), tuple(foreign), tuple(timings), stored=stored, **further
        )
        vars(made)["_ids"] = ids  # known here already: there may be a million of them
        return made

    @cached_property
    def _ids(self) -> tuple[CellId, ...]:
        """The places of the cells, in their order."""
        return tuple(cell.id for cell in self.cells)

    @cached_property
    def rows(self) -> Mapping[str, RowStanding]:
        """Rows that have cells, in the order of the cells."""
        cells: dict[str, list[Cell]] = defaultdict(list)
        records: dict[str, list[Record]] = defaultdict(list)
        for place, cell in zip(self._ids, self.cells, strict=True):
            cells[cell.row].append(cell)
            if (record := self.current.get(place)) is not None:
                records[cell.row].append(record)
        return {row: RowStanding(row, tuple(own), tuple(records[row])) for row, own in cells.items()}

    def of(self, row: str) -> RowStanding:
        """Return the standing of one row; one without cells on this tier has none."""
        return self.rows.get(row, RowStanding(row, (), ()))

    @cached_property
    def _done(self) -> frozenset[CellId]:
        return frozenset(
            place for place, record in self.current.items() if record.status == "ok" and not record.is_altered
        )

    def is_done(self, cell: Cell) -> bool:
        """Return whether a cell has scores of its own key."""
        return cell.id in self._done

    def pending(self) -> tuple[Cell, ...]:
        """Return the cells without scores: never tried, failed, or changed since."""
        done = self._done
        return tuple(cell for place, cell in zip(self._ids, self.cells, strict=True) if place not in done)

    def only(self, selection: Selection) -> Standing:
        """Return the standing of the wanted cells; raises `ConfigError` for a name that no cell has."""
        cells = selection.cells(self.suite, self.cells)
        current = {cell.id: self.current[cell.id] for cell in cells if cell.id in self.current}
        return replace(self, cells=cells, current=current)

    def recorded(self, *, of_any_inputs: bool = False) -> Standing:
        """Return the standing of just the cells that have a record, so that none is missing.

        `of_any_inputs`: stale records count too, whatever chain, data or version they are of.
        """
        found = {**({record.id: record for record in self.stale} if of_any_inputs else {}), **self.current}
        cells = tuple(cell for cell in self.cells if cell.id in found)
        return replace(self, cells=cells, current={cell.id: found[cell.id] for cell in cells}, stale=())

    @cached_property
    def timed(self) -> tuple[Timing, ...]:
        """Timings of current cells."""
        current: Mapping[Any, Record] = self.current  # found by any tuple that equals a place
        return tuple(
            timing
            for timing in self.timings
            if (record := current.get(place_of(timing))) is not None and record.cell == timing.cell
        )

    def out_of_reach(self, catalogue: Catalogue) -> list[str]:
        """Return data sets that are not here while the folder has records of them that cannot be held against cells.

        A table made now would show less than was recorded.
        """
        missing = {cell.data.dataset for cell in self.cells if cell.id not in self.current}
        recorded = {record.dataset for record in (*self.stale, *self.foreign) if record.status == "ok"}
        return sorted(name for name in missing & recorded if not catalogue.dataset(name).availability().ok)

    @property
    def records(self) -> tuple[Record, ...]:
        """Current records in the order of the cells."""
        return tuple(self.current.values())

    @cached_property
    def of_other_code(self) -> tuple[Record, ...]:
        """Current records in which a stage or a metric says that its code was not that at hand.

        Nothing is said of those of which the record names no origin: they are of this package, or from before it was
        kept.
        """
        return tuple(
            self.current[cell.id]
            for cell in self.cells
            if cell.id in self.current and _has_other_code(self.current[cell.id], cell, self.origins)
        )

    @cached_property
    def struck(self) -> Mapping[tuple[str, str, str], tuple[Advisory, ...]]:
        """Advisories about scores, by row, data set and metric."""
        found: dict[tuple[str, str, str], tuple[Advisory, ...]] = {}
        for record in self.records if self.advisories else ():
            for metric, about in hits(self.advisories, record).items():
                place = (record.row, record.dataset, metric)
                found[place] = tuple(dict.fromkeys((*found.get(place, ()), *about)))
        return found

    def struck_by(self, row: str, dataset: str, metric: str) -> tuple[Advisory, ...]:
        """Return the advisories about the scores of a row on a data set ("" for all)."""
        if not self.struck:
            return ()
        names = (dataset,) if dataset else self.of(row).datasets
        return tuple(dict.fromkeys(one for name in names for one in self.struck.get((row, name, metric), ())))

    @property
    def directions(self) -> Mapping[str, Any]:
        """Which way is better, by metric id."""
        return {name: metric.direction for name, metric in self.metrics.items()}

    @property
    def combine(self) -> Combine:
        """How the records of several images become one value: the suite's aggregation."""
        return combining(self.suite.file.aggregation, self.metrics)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was recorded."""
        return not (self.current or self.stale or self.foreign or self.stated)

    @property
    def stated(self) -> tuple[StatementRecord, ...]:
        """Stored statements of a data table."""
        return () if self.store is None else self.store.statements()

    @property
    def environments(self) -> Mapping[str, Mapping[str, Any]]:
        """What the folder says of the environments in which records were made."""
        return {} if self.store is None else self.store.environments()


def _has_other_code(record: Record, cell: Cell, origins: Mapping[str, Origin]) -> bool:
    """Compare stages and metrics of a record with those at hand; a failure has only some of them."""
    pairs = zip(record.stages, cell.chain, strict=False)
    if any(stage.origin is not None and stage.origin.code != spec.origin.code for stage, spec in pairs):
        return True
    return any(origins[name].code != origin.code for name, origin in record.origins.items() if name in origins)
