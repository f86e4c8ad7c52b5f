"""What was recorded of each item of a project: cells and rows by tier, data, verdicts and claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from harness.errors import HarnessError
from harness.model import TIERS, Tier
from harness.project import Project
from harness.standing import Standing
from harness.standing.claims import check_claims
from harness.standing.verdicts import suite_verdicts
from harness.status.items import Item, Kind, read_items
from harness.suite import Suite

Counts = Mapping[str, int]
"""By outcome."""


@dataclass(frozen=True, slots=True)
class TierState:
    """A suite, or some rows of it, on one tier; the rows of a data table count as cells.

    rows         rows that have cells, `recorded` those of which every cell has scores (or facts)
    stale        missing cells that have a record of another chain, other data or another version
    data         data sets by id, with why they are not here ("" for those that are)
    verdicts     on printed values, where the tier is judged against them
    claims       of the whole suite
    """

    tier: Tier
    rows: int
    recorded: int
    cells: int
    ok: int
    failed: int
    missing: int
    stale: int
    data: Mapping[str, str] = field(hash=False)
    verdicts: Counts = field(hash=False)
    claims: Counts = field(hash=False)

    @property
    def is_whole(self) -> bool:
        """Whether every cell has scores."""
        return 0 < self.ok == self.cells


@dataclass(frozen=True, slots=True)
class SuiteState:
    """What stands of a suite; `rows` are those that an item names (none: all), `broken` why it cannot be read."""

    suite: str
    version: int
    title: str
    source: str
    rows: tuple[str, ...]
    tiers: tuple[TierState, ...]
    broken: str = ""


@dataclass(frozen=True, slots=True)
class ItemState:
    """An item with the state of its suites."""

    kind: Kind
    id: str
    title: str
    suites: tuple[SuiteState, ...]
    why: str = ""

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Tiers of which all suites have every record."""
        held = [{tier.tier for tier in suite.tiers if tier.is_whole} for suite in self.suites]
        whole = set.intersection(*held) if held else set()
        return tuple(tier for tier in TIERS if tier in whole)

    @property
    def state(self) -> str:
        """In one or two words: "nothing to run", "broken", "not run", "partly recorded" or "recorded"."""
        if not self.suites:
            return "nothing to run"
        if any(suite.broken for suite in self.suites):
            return "broken"
        if self.tiers:
            return "recorded"
        return "partly recorded" if any(tier.ok for suite in self.suites for tier in suite.tiers) else "not run"


def project_status(
    project: Project, results: Path, known: Mapping[tuple[str, Tier], Standing] | None = None
) -> tuple[ItemState, ...]:
    """Return what a results folder holds of every item of a project.

    `known` are standings of it, by suite and tier, that need not be read again. A suite that cannot be read is an item
    that says so. Raises `ConfigError` for a mistake in the list of items.
    """
    reader = _Reader(project, results, known or {})
    return tuple(reader.item(item) for item in read_items(project))


class _Reader:
    """Reads each suite and tier once, however many items name it."""

    def __init__(self, project: Project, results: Path, standings: Mapping[tuple[str, Tier], Standing]) -> None:
        self._project = project
        self._results = results
        self._standings = standings
        self._known: dict[str, _SuiteReader | str] = {}

    def item(self, item: Item) -> ItemState:
        suites = tuple(self._suite(name, rows) for name, rows in item.suites.items())
        title = item.title or ", ".join(suite.title for suite in suites)
        return ItemState(item.kind, item.id, title, suites, item.why)

    def _suite(self, name: str, rows: tuple[str, ...]) -> SuiteState:
        if name not in self._known:
            try:
                self._known[name] = _SuiteReader(
                    self._project, self._results, self._project.suite(name), self._standings
                )
            except HarnessError as error:
                self._known[name] = str(error)
        known = self._known[name]
        if isinstance(known, str):
            return SuiteState(name, 0, "", "", rows, (), broken=known)
        suite = known.suite
        tiers = tuple(known.tier(tier, rows) for tier in TIERS if tier in suite.tiers)
        return SuiteState(suite.id, suite.version, suite.title, suite.source, rows, tiers)


class _SuiteReader:
    """The standings of one suite."""

    def __init__(
        self, project: Project, results: Path, suite: Suite, known: Mapping[tuple[str, Tier], Standing]
    ) -> None:
        self.suite = suite
        self._read = known
        self._project = project
        self._results = results

    @cached_property
    def _standings(self) -> dict[Tier, Standing]:
        return {
            tier: self._read.get((self.suite.id, tier)) or self._project.results(self._results, self.suite, tier)
            for tier in self.suite.tiers
        }

    def tier(self, tier: Tier, rows: tuple[str, ...]) -> TierState:
        """Return the state of the named rows on a tier; none named are all."""
        standing = self._standings[tier]
        if self.suite.kind == "data-table":
            return self._statements(standing, rows)
        own = [row for name, row in standing.rows.items() if not rows or name in rows]
        kept = {row.row for row in own}
        judged = suite_verdicts(standing) if tier == "paper" else ()
        return TierState(
            tier,
            rows=len(own),
            recorded=sum(row.ok == len(row.cells) for row in own),
            cells=sum(len(row.cells) for row in own),
            ok=sum(row.ok for row in own),
            failed=sum(row.failed for row in own),
            missing=sum(row.missing for row in own),
            stale=sum(record.row in kept for record in standing.stale),
            data=self._data(cell.data.dataset for row in own for cell in row.cells),
            verdicts=dict(Counter(verdict.outcome for verdict in judged if verdict.row in kept)),
            claims=dict(Counter(claim.outcome for claim in check_claims(standing))),
        )

    def _statements(self, standing: Standing, rows: tuple[str, ...]) -> TierState:
        own = [row for row in standing.statements if not row.absent and (not rows or row.id in rows)]
        ok = sum(not row.missing for row in own)
        declared = {row.id: row.dataset for row in self.suite.data_rows}
        outcomes = (verdict.outcome for row in own for verdict in row.verdicts.values())
        return TierState(
            standing.tier,
            rows=len(own),
            recorded=ok,
            cells=len(own),
            ok=ok,
            failed=0,
            missing=len(own) - ok,
            stale=0,
            data=self._data(name for row in own if (name := declared[row.id])),
            verdicts=dict(Counter(outcomes if standing.tier == "paper" else ())),
            claims={},
        )

    def _data(self, names: Iterable[str]) -> dict[str, str]:
        catalogue = self._project.catalogue
        found = {name: catalogue.dataset(name).availability() for name in dict.fromkeys(names)}
        return {name: "" if availability.ok else str(availability) for name, availability in found.items()}
