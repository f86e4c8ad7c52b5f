"""Records that several runs left in folders of their own, brought together without computing anything.

A cluster's nodes, or a machine that ran rows side by side, each write a results folder; one cell has one record.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.errors import StoreError
from harness.model import CellId
from harness.store.folder import Store
from harness.store.records import Record, Timing


@dataclass(frozen=True, slots=True)
class Merge:
    """What a merge of one suite's tier would do: records to add, and those that are there already."""

    source: Store
    target: Store
    wanted: tuple[Record, ...]
    kept: int

    def apply(self, order: Sequence[CellId] = ()) -> None:
        """Write the wanted records with their timings and environments; `order` is that of the suite's cells."""
        environments = self.source.environments()
        timings: dict[tuple[CellId, str], list[Timing]] = defaultdict(list)
        for timing in self.source.timings():
            timings[timing.id, timing.cell].append(timing)
        with self.target.open(order) as writer:
            for record in self.wanted:
                own = timings[record.id, record.cell]
                for fingerprint in {record.environment, *(timing.environment for timing in own)}:
                    if fingerprint in environments:
                        writer.add_environment(fingerprint, environments[fingerprint])
                if not own:
                    writer.add(record)
                for timing in own:
                    writer.add(record, timing)


def plan_merge(source: Store, target: Store, *, replace: bool = False, before: Sequence[Merge] = ()) -> Merge:
    """Return what is to be taken over from a store of the same suite, version and tier.

    A record is taken where the target has none, and where the target's failed and this one did not. Scores of one
    cell must agree: they are the same computation. Merges `before` this one are applied first: what they bring to the
    target counts as there.

    Raises `StoreError`, with one line per cell, for records of one cell that disagree, and for cells of another chain,
    data or version; with `replace` the source's records win.
    """
    there = {record.id: (record, target) for record in target.records()}
    for merge in before:
        if merge.target.folder == target.folder:
            there.update((record.id, (record, merge.source)) for record in merge.wanted)
    wanted, problems, kept = [], [], 0
    for record in source.records():
        known, holder = there.get(record.id, (None, target))
        if known is None or (known.status != "ok" and record.status == "ok"):
            wanted.append(record)
        elif record.status != "ok" or _agree(known, record):
            kept += 1
        elif replace:
            wanted.append(record)
        else:
            problems.append(_problem(known, record, source, holder))
    if problems:
        raise StoreError("\n".join(problems))
    return Merge(source, target, tuple(wanted), kept)


def _agree(known: Record, record: Record) -> bool:
    return known.cell == record.cell and not list(_differing(known, record))


def _differing(known: Record, record: Record) -> Iterator[str]:
    for metric in dict.fromkeys((*known.metrics, *record.metrics)):
        old, new = (one.metrics.get(metric, math.nan) for one in (known, record))
        if old != new and not (math.isnan(old) and math.isnan(new)):
            yield metric


def _problem(known: Record, record: Record, source: Store, holder: Store) -> str:
    where = f"{source.folder}: {record.id}"
    if known.cell != record.cell:
        return f"{where}: its chain, data or version differ from the record in {holder.folder}; accepted: --replace"
    metric = next(_differing(known, record))
    before, after = (one.metrics.get(metric, math.nan) for one in (known, record))
    return f"{where}: {metric} is {after:.6g}, and {before:.6g} in {holder.folder}; accepted: --replace"
