"""Ranks in a table: the place of each row on each metric, and which row comes first by what one asks for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.metrics import Metric
from harness.metrics.ap import METRICS as PRECISIONS
from harness.model import Aggregation
from harness.standing import RowStanding, Standing
from harness.standing.ranking import RankedRows, Ranker, comparable_lines, is_prompted
from harness.statistics import BOOTSTRAP_UNITS, kendall_tau
from harness.suite.declared import SUBMITTED
from harness.tables.model import Place, Table, TableRow, Winner

AGGREGATIONS: tuple[Aggregation, ...] = ("per-image", "per-dataset", "pooled")
NAMED = 3
"""How many of equals are named."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
WINNER_HEADER = ("by", "images", "first", "told apart", "tau")
PROMPTED = "prompted by the truth"
"""The mark of a row that was told by the ground truth where the objects are."""


Places = Mapping[tuple[str, str, str], Place]
"""By row, data set ("" for all) and metric."""


def ranks(standing: Standing, labels: Mapping[tuple[str, str], str]) -> tuple[Places, tuple[Winner, ...]]:
    """Return the places of rows, and who wins on each metric, aggregation and threshold.

    `labels` are those of the lines of the table, by row and data set. Lines that are of the same samples are ranked
    among each other, those that the truth prompts among themselves. The primary metric comes first; every other order
    is held against its order.
    """
    places: dict[tuple[str, str, str], Place] = {}
    winners: list[Winner] = []
    groups = comparable_lines(standing, labels)
    unnamed = {_data_of(standing, lines) for lines in groups if not _named(lines)}
    for lines in groups:
        line_of, dataset = dict(lines), _named(lines)
        on = dataset or (_data_of(standing, lines) if len(unnamed) > 1 else "")
        prompted = is_prompted(standing.of(lines[0][0]).cells)
        reference: RankedRows | None = None
        for ranked, is_own in _rankings(standing, dataset, tuple(line_of)):
            if is_own:
                places |= {(row, line_of[row], ranked.metric): place for row, place in _places(ranked)}
            reference = reference or ranked
            first = tuple(labels[row, line_of[row]] for row in ranked.first)
            winners.append(_winner(ranked, reference, on, first, prompted=prompted))
    return places, tuple(winners)


def with_places(row: TableRow, places: Places, primary: str) -> TableRow:
    """Return a row of a table with its places; marks say what stands for cells that failed in that by `primary`."""
    scores = {
        metric: replace(score, place=places.get((row.id, row.dataset, metric))) for metric, score in row.scores.items()
    }
    return replace(row, scores=scores, marks=(*row.marks, *_imputed(row, places.get((row.id, row.dataset, primary)))))


def is_submitted(own: RowStanding) -> bool:
    """Return whether a row's labels were made elsewhere: what reading them takes says nothing of the method."""
    return any(spec.id == SUBMITTED for cell in own.cells[:1] for spec in cell.chain)


def marks_of(own: RowStanding, reported_s: float | None = None) -> tuple[str, ...]:
    """Return whose numbers those of a row are, and what is not known of what its weights have seen.

    Scores are computed here from every row's labels, also from those that were handed in; `reported_s` are not. Rows
    that the truth prompts say so.
    """
    marks = [PROMPTED] if is_prompted(own.cells) else []
    if own.scored and is_submitted(own):
        marks.append("verified")
        if reported_s is not None:
            marks.append("seconds self-reported")
    seen = {record.contamination for record in own.scored} - {""}
    if seen:
        marks.append("contamination unknown" if "unknown" in seen else "clean")
    return tuple(marks)


def place_text(row: TableRow, metric: str) -> str:
    """Return "2 (1-3) a": place, its interval, the letter of the group; of a row that is no method what it bounds."""
    if row.bound:
        return row.bound
    place = row.scores[metric].place if metric in row.scores else None
    if place is None:
        return "-"
    return f"{place.rank} ({place.low}-{place.high}) {letters(place.group)}"


def letters(group: int) -> str:
    """Return the letter of a group: a to z, then aa, ab, …"""
    before, last = divmod(group - 1, len(LETTERS))
    return (letters(before) if before else "") + LETTERS[last]


def meaning(table: Table) -> str:
    """Return what the column of ranks means, "" where there is none."""
    if not table.winners:
        return ""
    few = any(winner.units < BOOTSTRAP_UNITS for winner in table.winners)
    return (
        f"rank by {table.primary} among methods, and its places in 95 % of resampled {_units(table)}; rows with one "
        "letter cannot be told apart from the first of them (paired bootstrap, Holm)"
        + (f"; rows {PROMPTED} among themselves" if any(winner.prompted for winner in table.winners) else "")
        + (f"; fewer than {BOOTSTRAP_UNITS} of them tell nothing apart" if few else "")
    )


def winner_words(winner: Winner) -> str:
    """Return "best: X" where it is told apart from all others, else "first among k equals: X; Y".

    Of rows that the truth prompts it says so.
    """
    of = f" {PROMPTED}" if winner.prompted else ""
    if len(winner.labels) == 1:
        return f"best{of}: {winner.labels[0]}"
    named = "; ".join((*winner.labels[:NAMED], *(["…"] if len(winner.labels) > NAMED else [])))
    return f"first among {len(winner.labels)} equals{of}: {named}"


def winner_lines(table: Table) -> Iterator[tuple[str, ...]]:
    """Yield the cells of the table of winners, as `WINNER_HEADER` names them."""
    for winner in table.winners:
        on = f" on {winner.dataset}" if winner.dataset else ""
        yield (
            f"{winner.metric}{on}",
            winner.aggregation,
            winner_words(winner),
            f"{winner.separable} of {winner.pairs} neighbouring pairs",
            "-" if math.isnan(winner.tau) else f"{winner.tau:.2f}",
        )


def _data_of(standing: Standing, lines: Sequence[tuple[str, str]]) -> str:
    """Return the data of lines that are of the same: all of their rows, for none names one of several data sets."""
    return ", ".join(standing.of(lines[0][0]).datasets)


def _named(lines: Sequence[tuple[str, str]]) -> str:
    """Return the data set that lines of the same data name, if any does."""
    return next((dataset for _, dataset in lines if dataset), "")


def _rankings(standing: Standing, dataset: str, among: Sequence[str]) -> Iterator[tuple[RankedRows, bool]]:
    """Yield rankings, the primary metric's first, and whether it is one of a column of the table.

    What an advisory struck out has no rank.
    """
    own, primary = standing.suite.file.aggregation, standing.suite.primary
    ranker = Ranker(standing, dataset=dataset, among=among)
    struck = {
        name: [row for row in among if standing.struck_by(row, dataset, name)] if standing.struck else []
        for name in standing.metrics
    }
    for name in dict.fromkeys((primary, *standing.metrics)):
        if found := ranker.ranked(name, without=struck[name]):
            yield found, True
    for how in AGGREGATIONS:
        if how != own and (found := ranker.ranked(primary, aggregation=how, without=struck[primary])):
            yield found, False
    for metric in _further_thresholds(standing):
        if found := ranker.ranked(metric.id, metric=metric, without=struck[primary]):
            yield found, False


def _further_thresholds(standing: Standing) -> Iterator[Metric]:
    """Yield the points of the primary metric's curve that are no columns: records keep the counts of all of them."""
    convention = standing.suite.primary.rpartition(":")[2].partition(".")[2]
    for metric in PRECISIONS:
        if metric.at and metric.at[0] == f"ap.{convention}" and metric.id not in standing.metrics:
            yield metric


def _places(ranked: RankedRows) -> Iterator[tuple[str, Place]]:
    for found in ranked.ranking.rows:
        row = ranked.rows[found.row]
        imputed = ranked.imputed.get(row, 0)
        yield (
            row,
            Place(
                found.rank, found.rank_low, found.rank_high, found.group, imputed, found.low, found.high, ranked.worst
            ),
        )


def _winner(ranked: RankedRows, reference: RankedRows, on: str, labels: tuple[str, ...], *, prompted: bool) -> Winner:
    pairs = ranked.ranking.separable
    tau = _tau(ranked, reference)
    return Winner(ranked.metric, on, ranked.aggregation, labels, sum(pairs), len(pairs), tau, ranked.units, prompted)


def _tau(ranked: RankedRows, reference: RankedRows) -> float:
    """Return how alike two orders of the rows are that both have; rows of one rank tie."""
    first, second = ({one.rows[place.row]: place.rank for place in one.ranking.rows} for one in (ranked, reference))
    shared = [row for row in first if row in second]
    return kendall_tau([first[row] for row in shared], [second[row] for row in shared])


def _imputed(row: TableRow, place: Place | None) -> Iterable[str]:
    if place is not None and place.imputed:
        yield f"imputed {place.imputed} of {row.cells} as {place.worst:g} for the rank"


def _units(table: Table) -> str:
    return "folds" if table.over == "folds" else "samples"
