"""Records, timings and a suite in; a `Table` out."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from harness.metrics.means import rules_in_words
from harness.model import Cell
from harness.standing import RowStanding, Standing, same_rows
from harness.standing.claims import check_claims
from harness.standing.ranking import bound_of, uses_of_truth
from harness.standing.values import by_unit, values_of_units
from harness.standing.verdicts import ScoreVerdict, suite_verdicts
from harness.statistics import summarise
from harness.store import Record, Timing
from harness.suite import Published, Row, Suite
from harness.tables.claims import claim_lines
from harness.tables.durations import row_durations
from harness.tables.intervals import with_intervals
from harness.tables.model import Column, Cost, Failure, Score, Table, TableRow
from harness.tables.ranks import is_submitted, marks_of, ranks, with_places

Verdicts = Mapping[tuple[str, str], ScoreVerdict]
"""By row and metric."""
ALTERED = (
    "its line was changed after it was written and counts for nothing; `harness rescore` or `harness run` mends it"
)


_USES_TRUTH = {"": "", "control": "made from the ground truth", "prompts": "prompts are made from the ground truth"}
"""What is printed of a row whose chain reads the truth."""


def build_table(standing: Standing, *, machine: str = "", intervals: bool = False) -> Table:
    """Return the table of a suite on a tier.

    A cell without a record of its own key is missing: what was recorded of another chain, other data or another
    version is counted as stale and not shown. Verdicts are taken on the paper tier only; no smaller tier is judged
    against published values. The costs are those of `machine`; "" is the one with the most timings. `intervals` are
    those of the means, over units and over what lies in them (`harness.statistics.nested_interval`).
    """
    suite, tier = standing.suite, standing.tier
    machine = machine or _busiest(standing.timed)
    timings = [timing for timing in standing.timed if timing.machine == machine]
    costs = _by_row(timings)
    columns = tuple(
        _column(suite, name, metric.direction, metric.unit, metric.at) for name, metric in standing.metrics.items()
    )
    verdicts = _verdicts(standing)
    judged = {(verdict.row, verdict.metric): verdict for verdict in verdicts}
    lines = [
        (row, dataset, part)
        for row in suite.rows
        if row.id in standing.rows
        for dataset, part in _parts(standing.of(row.id), pooled=suite.file.pooled)
    ]

    places, winners = ranks(standing, {(row.id, dataset): _label(row, dataset) for row, dataset, _ in lines})
    made = (_row(standing, row, part, costs.get(row.id, ()), judged, dataset) for row, dataset, part in lines)
    rows = tuple(
        with_places(with_intervals(standing, row) if intervals else row, places, suite.primary) for row in made
    )
    return Table(
        suite=suite.id,
        version=suite.version,
        tier=tier,
        title=suite.title,
        source=suite.source,
        data_note=suite.tier(tier).data_note or _data_note(standing.cells),
        columns=columns,
        rows=rows,
        failures=tuple(_failure(record) for record in standing.records if record.status != "ok" or record.is_altered),
        stale=len(standing.stale),
        over=suite.spread_over,
        aggregation=suite.file.aggregation,
        ddof=suite.file.spread_ddof,
        machine=machine,
        claims=claim_lines(check_claims(standing)),
        notes=(
            *_same(suite, standing.cells),
            *_scopes(standing.cells),
            *_undefined(standing, rows),
            *_not_rescored(standing),
            *_notes(standing, machine),
            *_advisories(standing),
        ),
        figures=suite.file.figures,
        has_intervals=intervals,
        primary=suite.primary,
        winners=winners,
    )


def _verdicts(standing: Standing) -> tuple[ScoreVerdict, ...]:
    if standing.tier != "paper":
        return ()
    return suite_verdicts(standing)


def _column(suite: Suite, metric: str, direction: str, unit: str, at: tuple[str, float] | None) -> Column:
    """Print every fraction in percent where the source prints its values so."""
    printed = {published.unit for row in suite.rows for published in row.published.values()}
    return Column(metric, direction, "percent" if printed == {"percent"} and unit == "fraction" else unit, at)


def _row(
    standing: Standing,
    row: Row,
    own: RowStanding,
    timings: Sequence[Timing],
    verdicts: Verdicts,
    dataset: str,
) -> TableRow:
    """Return a line of a row; `own` is its standing on the data of the line, `timings` are all of the row's."""
    judged = {} if dataset else verdicts
    units = tuple(by_unit(own.scored, standing.suite.spread_over).values())
    scores = {
        metric: replace(
            _score(standing, units, metric, row.published.get(metric), judged.get((row.id, metric))),
            struck=tuple(one.spec.id for one in standing.struck_by(row.id, dataset, metric)),
        )
        for metric in standing.suite.metrics
    }
    return TableRow(
        id=row.id,
        label=_label(row, dataset),
        group=row.group,
        cells=len(own.cells),
        ok=own.ok,
        failed=own.failed,
        missing=own.missing,
        scores=scores,
        cost=Cost(run_s=row.reported_s, is_reported=True) if is_submitted(own) else _cost_on(timings, dataset),
        note=_note(standing.suite, row, own.cells),
        axes=row.axes,
        dataset=dataset,
        durations=row_durations(standing.suite, standing.tier, own.records, timings).get(row.id, {}),
        bound=bound_of(own.cells),
        marks=marks_of(own, row.reported_s),
    )


def _label(row: Row, dataset: str) -> str:
    return f"{row.label}, {dataset}" if dataset else row.label


def _note(suite: Suite, row: Row, cells: Sequence[Cell]) -> str:
    """Return what a reader must know about a row."""
    uses = next(iter(uses_of_truth(cells)), "")
    added = "not of the suite" if row.id in suite.added else ""
    return "; ".join(part for part in (added, _USES_TRUTH[uses], row.availability) if part)


def _parts(standing: RowStanding, *, pooled: bool) -> Iterator[tuple[str, RowStanding]]:
    """Yield what a row's lines are of: each of several data sets, and all of them (no name) where that is asked for.

    A mean over data sets of different difficulty and size says nothing of any of them.
    """
    if len(standing.datasets) > 1:
        yield from ((dataset, standing.on(dataset)) for dataset in standing.datasets)
    if pooled or len(standing.datasets) <= 1:
        yield "", standing


def _score(
    standing: Standing,
    units: Iterable[Sequence[Record]],
    metric: str,
    published: Published | None,
    verdict: ScoreVerdict | None,
) -> Score:
    summary = summarise(values_of_units(units, metric, standing.combine))
    return Score(summary, published) if verdict is None else Score(summary, published, verdict.outcome, verdict.reason)


def _failure(record: Record) -> Failure:
    if record.is_altered:
        return Failure(record.row, record.id.where, "altered", ALTERED)
    error = record.error
    stage = f"{error.stage}: " if error is not None and error.stage else ""
    return Failure(record.row, record.id.where, record.status, f"{stage}{error.message}" if error is not None else "")


def _busiest(timings: Iterable[Timing]) -> str:
    counts = Counter(timing.machine for timing in timings)
    return max(sorted(counts), key=counts.__getitem__, default="")


def _by_row(timings: Iterable[Timing]) -> dict[str, list[Timing]]:
    by_row: dict[str, list[Timing]] = defaultdict(list)
    for timing in timings:
        by_row[timing.row].append(timing)
    return by_row


def _cost_on(timings: Iterable[Timing], dataset: str) -> Cost:
    """Return what a row's cells of one data set took, of all of them for no name."""
    return _cost([timing for timing in timings if dataset in ("", timing.dataset)])


def _cost(timings: Sequence[Timing]) -> Cost:
    runs = [run_s for timing in timings if (run_s := timing.run_s) is not None]
    fits = [sum(parts) for timing in timings if (parts := [s.fit_s for s in timing.stages if s.fit_s is not None])]
    busy = [share for timing in timings if (share := _fit_busy(timing)) is not None]
    stages = [stage for timing in timings for stage in timing.stages]
    peaks = [peak for s in stages for peak in (s.peak_bytes, s.fit_peak_bytes) if peak is not None]
    run_s, fit_s, fit_busy = (median(values) if values else None for values in (runs, fits, busy))
    return Cost(run_s, fit_s, fit_busy, max(peaks, default=None))


def _fit_busy(timing: Timing) -> float | None:
    """Return the busy share of a cell's trainings, None if it has none or one of them was not measured."""
    trained = [stage for stage in timing.stages if stage.fit_s]
    if not trained:
        return None
    on_gpu = timing.device.startswith("cuda")
    worked = [stage.fit_busy_s if on_gpu else stage.fit_cpu_s for stage in trained]
    seconds = sum(stage.fit_s or 0.0 for stage in trained) * (1 if on_gpu else timing.threads)
    known = [value for value in worked if value is not None]
    return sum(known) / seconds if len(known) == len(worked) else None


def _data_note(cells: Iterable[Cell]) -> str:
    return ", ".join(dict.fromkeys(cell.data.dataset for cell in cells))


def _same(suite: Suite, cells: Sequence[Cell]) -> list[str]:
    """Say which rows the tier makes one computation: their scores are equal and say nothing of the difference."""
    groups = ([suite.row(row).label for row in group] for group in same_rows(cells))
    return [f"one and the same computation on this tier: {'; '.join(labels)}" for labels in groups]


def _scopes(cells: Iterable[Cell]) -> list[str]:
    """Say what of the images is compared, where that is not everything, by scored pair and data set."""
    found: dict[str, dict[str, None]] = {}
    shared = {(id(cell.scores), cell.data.dataset): cell for cell in cells}  # cells of a row share their pairs
    for cell in shared.values():
        for pair in cell.scores:
            if pair.scope.words:
                place = f"{pair.name} on {cell.data.dataset}" if pair.name else cell.data.dataset
                found.setdefault(pair.scope.words, {})[place] = None
    return [f"compared on {', '.join(places)}: {words}" for words, places in found.items()]


def _undefined(standing: Standing, rows: Iterable[TableRow]) -> list[str]:
    """Say what becomes of scores that a convention leaves undefined, where there are any."""
    undefined = {
        metric
        for record in standing.records
        for metric, value in record.metrics.items()
        if math.isnan(value) and metric in standing.metrics
    }
    ids = [metric for metric in standing.metrics if metric in undefined]
    notes = list(rules_in_words({metric: standing.metrics[metric].nan_rule for metric in ids}))
    if any(score.summary.undefined for row in rows for score in row.scores.values()):
        notes.append(
            "undefined scores are left out of means, which are of fewer values; verdicts and claims on them stay open"
        )
    return notes


def _not_rescored(standing: Standing) -> Iterator[str]:
    """Say of metrics that were laid over the suite how many scored cells have no value of them yet."""
    for name in standing.suite.added_metrics:
        absent = sum(name not in record.metrics for row in standing.rows.values() for record in row.scored)
        if absent:
            command = f"harness rescore {standing.suite.id} --metric {name}"
            yield f"{absent} cells have no {name} yet; `{command}` computes it"


def _advisories(standing: Standing) -> Iterator[str]:
    """Say what is known to be wrong with numbers that are struck out."""
    yield from dict.fromkeys(f"struck out: {one.words}" for about in standing.struck.values() for one in about)


def _notes(standing: Standing, machine: str) -> tuple[str, ...]:
    notes = []
    if standing.foreign:
        notes.append(f"{len(standing.foreign)} records of cells that the suite no longer has are left out")
    others = sorted({timing.machine for timing in standing.timed} - {machine})
    if others:
        notes.append(f"times of other machines exist and are not shown: {', '.join(others)}")
    return tuple(notes)
