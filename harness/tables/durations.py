"""Seconds of rows as figures draw them: of the whole chain or since a stage, with the cells that met their deadline."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from harness.model import CellId, Tier
from harness.standing.claims import seconds_of
from harness.standing.values import unit_of
from harness.statistics import summarise
from harness.store import Record, Timing
from harness.suite import Suite
from harness.suite.schema import SecondsOf
from harness.tables.model import Duration


def row_durations(
    suite: Suite, tier: Tier, records: Iterable[Record], timings: Iterable[Timing]
) -> dict[str, dict[str, Duration]]:
    """Return what the figures of a suite draw of each row's seconds, by row and by the stage since which they count.

    `records` are the current ones; `timings` are of one machine. One value of mean and spread is what it is for scores.
    """
    wanted = list(dict.fromkeys(figure.y.since for figure in suite.file.figures if isinstance(figure.y, SecondsOf)))
    if not wanted:
        return {}
    by_cell = {timing.id: timing for timing in timings}
    by_row: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_row[record.row].append(record)
    return {
        row: {since: _duration(suite, tier, own, by_cell, since) for since in wanted} for row, own in by_row.items()
    }


def _duration(
    suite: Suite, tier: Tier, records: Sequence[Record], timings: Mapping[CellId, Timing], since: str
) -> Duration:
    by_unit: dict[tuple[object, ...], list[float]] = defaultdict(list)
    for record in records:
        timing = timings.get(record.id)
        seconds = None if timing is None or record.status != "ok" else seconds_of(timing, since=since)
        if seconds is not None:
            by_unit[unit_of(record, suite.spread_over)].append(seconds)
    means = [math.fsum(values) / len(values) for values in by_unit.values()]
    bounded = sum(record.status == "timeout" for record in records)
    return Duration(summarise(means), bounded, suite.limits_of(tier, suite.row(records[0].row)).deadline_s)
