"""Own results beside those that the project publishes: does it come out here, and if not, by how much?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from harness.gating.hardware import OtherHardware
from harness.standing import Standing
from harness.store import Record

Agreement = Literal["same", "within tolerance", "differs"]
AGREEMENTS: tuple[Agreement, ...] = ("same", "within tolerance", "differs")


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """One metric of one row on the cells that both sides have scores of (or the statements of one row).

    own, published  means over those cells; NaN where one of them is undefined
    largest         the largest difference of a cell; infinite where only one side is defined
    is_other        the published records are of another chain, other data or another version
    """

    row: str
    metric: str
    own: float
    published: float
    agreement: Agreement
    largest: float
    cells: int
    is_other: bool = False


def beside_published(own: Standing, published: Standing) -> tuple[PublishedScore, ...]:
    """Return what the published results say of each metric of each row that both have scores of.

    Equal means equal in every bit, on every cell. Else the tolerance of the suite counts; for networks on other
    hardware than the published ones, its hardware tolerance.
    """
    suite = own.suite
    if suite.kind == "data-table":
        return tuple(_statements(own, published))
    theirs = {
        record.id: record
        for record in (*published.records, *published.stale)
        if record.status == "ok" and not record.is_altered
    }
    hardware = OtherHardware(published.environments, own.environments, suite.file.hardware_tolerance)
    found = []
    for row, standing in own.rows.items():
        pairs = [(record, theirs[record.id]) for record in standing.scored if record.id in theirs]
        for metric in own.metrics:
            known = [pair for pair in pairs if any(metric in record.metrics for record in pair)]
            if known:
                found.append(_score(row, metric, known, suite.file.tolerance.get(metric, 0.0), hardware))
    return tuple(found)


def agreement_counts(scores: Iterable[PublishedScore]) -> dict[Agreement, int]:
    """Return how many scores agree how."""
    found = [score.agreement for score in scores]
    return {agreement: found.count(agreement) for agreement in AGREEMENTS}


def _score(
    row: str, metric: str, pairs: list[tuple[Record, Record]], tolerance: float, hardware: OtherHardware
) -> PublishedScore:
    values = [(a.metrics.get(metric, math.nan), b.metrics.get(metric, math.nan)) for a, b in pairs]
    differences = [_difference(one, other) for one, other in values]
    allowed = [
        hardware.tolerance.get(metric, 0.0) if hardware.difference(theirs, mine) else tolerance
        for mine, theirs in pairs
    ]
    if not any(differences):
        agreement: Agreement = "same"
    elif all(found <= most for found, most in zip(differences, allowed, strict=True)):
        agreement = "within tolerance"
    else:
        agreement = "differs"
    means = [fmean(side) for side in zip(*values, strict=True)]
    is_other = any(mine.cell != theirs.cell for mine, theirs in pairs)
    return PublishedScore(row, metric, means[0], means[1], agreement, max(differences), len(pairs), is_other)


def _difference(one: float, other: float) -> float:
    if math.isnan(one) or math.isnan(other):
        return 0.0 if math.isnan(one) and math.isnan(other) else math.inf
    return abs(one - other)


def _statements(own: Standing, published: Standing) -> Iterator[PublishedScore]:
    """Yield for each row of a data table how many of its statements differ; they are exact."""
    theirs = {record.row: record for record in published.stated}
    for record in own.stated:
        other = theirs.get(record.row)
        if other is not None:
            names = dict.fromkeys((*record.facts, *other.facts))
            differing = sum(record.facts.get(name) != other.facts.get(name) for name in names)
            agreement: Agreement = "differs" if differing else "same"
            sizes = (float(len(record.facts)), float(len(other.facts)))
            yield PublishedScore(
                record.row, "statements", *sizes, agreement, float(differing), 1, record.key != other.key
            )
