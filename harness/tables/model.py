"""A table as a value: what its header must say, its rows, its claims. Renderers only lay it out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harness.claims.naming import Scalar
from harness.model import Aggregation, Tier
from harness.standing.ranking import Bound
from harness.statistics import Interval, Summary
from harness.suite import Published
from harness.suite.schema import FigureSpec


@dataclass(frozen=True, slots=True)
class Column:
    """A metric of the suite: which way is better ("none": neither) and the unit its numbers are printed in.

    `at` is the series of metrics it belongs to and where it stands there.
    """

    metric: str
    direction: str
    unit: str
    at: tuple[str, float] | None = None

    @property
    def scale(self) -> float:
        """What a number of the metric is multiplied by to be printed."""
        return 100.0 if self.unit == "percent" else 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a row among the methods of its data, 1 the best.

    low, high   places that it has in resamples of the units: the 95 % interval of the rank
    group       1 is the group of the best row: rows that cannot be told apart from the first row of their group
    imputed     how many of its cells had no scores and stood with the worst value, `worst`
    mean_low, mean_high   95 % interval of its mean over resampled units; NaN where too few units decide nothing
    """

    rank: int
    low: int
    high: int
    group: int
    imputed: int = 0
    mean_low: float = math.nan
    mean_high: float = math.nan
    worst: float = math.nan


@dataclass(frozen=True, slots=True)
class Winner:
    """Which rows come first on one metric under one aggregation, on one data set ("" for all).

    labels      of the first group, best first; one is the best, several are equals
    separable   how many neighbouring pairs of rows are told apart, of `pairs`
    tau         Kendall's tau-b of the order against that of the primary metric under the suite's own aggregation;
                NaN where it has none
    units       how many independent units decide
    prompted    whether these are rows that the ground truth prompts, which are ranked among themselves
    """

    metric: str
    dataset: str
    aggregation: Aggregation
    labels: tuple[str, ...]
    separable: int
    pairs: int
    tau: float
    units: int
    prompted: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """One metric of one row: its summary, the published value and, on the paper tier only, the verdict.

    `interval` is that of the mean; None where nobody asked for it, or where too few units decide nothing. `place` is
    None for rows that are no methods, and for metrics without a better side. `struck` names the advisories by
    which the numbers count no more.
    """

    summary: Summary
    published: Published | None = None
    verdict: str = ""
    reason: str = ""
    interval: Interval | None = None
    place: Place | None = None
    struck: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """What cells of a row took on the machine of the table; None where nothing was measured there.

    run_s       median over cells: the seconds of one call of every stage; of label images that were made elsewhere what
                their author states, and then `is_reported`: nothing of it was measured here
    fit_s       median over cells that trained: the seconds of training
    fit_busy    median over cells that trained: the share (0 to 1) of the training's seconds in which the GPU worked on
                gradient steps, where a stage tells; on a CPU the share of the threads' seconds in which they worked
    peak_bytes  highest resident memory of a cell's processes
    """

    run_s: float | None = None
    fit_s: float | None = None
    fit_busy: float | None = None
    peak_bytes: int | None = None
    is_reported: bool = False


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds of a row's cells on the machine of the table.

    `bounded` cells met the deadline of `deadline_s` seconds: what they would have taken is not known.
    """

    summary: Summary
    bounded: int
    deadline_s: float


@dataclass(frozen=True, slots=True)
class TableRow:
    """One method: how its cells ended, its scores by metric, its cost.

    `bound` says what a row bounds that is no method; `marks` say whose numbers these are and what is not known of them.
    `axes` are what figures find it by; `durations` are what figures draw of its seconds, by the stage since which they
    count ("": all of them).
    """

    id: str
    label: str
    group: str
    cells: int
    ok: int
    failed: int
    missing: int
    scores: Mapping[str, Score] = field(hash=False)
    cost: Cost = Cost()
    note: str = ""
    axes: Mapping[str, Scalar] = field(default_factory=dict, hash=False)
    durations: Mapping[str, Duration] = field(default_factory=dict, hash=False)
    dataset: str = ""
    bound: Bound = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed cell: where it stands and why."""

    row: str
    where: str
    status: str
    message: str


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """A claim of the suite and what the records of this tier say about it."""

    id: str
    sentence: str
    where: str
    outcome: str
    detail: str
    data: str


@dataclass(frozen=True, slots=True)
class Table:
    """The records of a suite on one tier, laid out as the source lays them out.

    `over` names what one value of mean and spread is, `aggregation` how several images become it; `stale` counts
    missing cells of which there is a record whose chain, data or versions are not those that the suite asks for today;
    `has_intervals` says whether intervals of the means were asked for; `primary` is the metric that ranks rows, and
    `winners` say which row comes first on each.
    """

    suite: str
    version: int
    tier: Tier
    title: str
    source: str
    data_note: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    failures: tuple[Failure, ...]
    stale: int
    over: str
    aggregation: Aggregation
    ddof: int
    machine: str
    claims: tuple[ClaimLine, ...] = ()
    notes: tuple[str, ...] = ()
    figures: tuple[FigureSpec, ...] = ()
    has_intervals: bool = False
    primary: str = ""
    winners: tuple[Winner, ...] = ()

    def _counted(self) -> Iterator[TableRow]:
        """Yield rows so that each cell is counted once: a line over several data sets repeats theirs."""
        split = {row.id for row in self.rows if row.dataset}
        return (row for row in self.rows if row.dataset or row.id not in split)

    @property
    def cells(self) -> int:
        """How many cells the tier has."""
        return sum(row.cells for row in self._counted())

    @property
    def ok(self) -> int:
        """How many cells have scores."""
        return sum(row.ok for row in self._counted())

    @property
    def failed(self) -> int:
        """How many cells have a failure record."""
        return sum(row.failed for row in self._counted())

    @property
    def missing(self) -> int:
        """How many cells have no record."""
        return sum(row.missing for row in self._counted())

    @property
    def is_paper(self) -> bool:
        """Whether the numbers may be judged against published ones."""
        return self.tier == "paper"

    @property
    def has_published(self) -> bool:
        """Whether any row has a published value."""
        return any(score.published for row in self.rows for score in row.scores.values())
