"""Records and timings for tests of what reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.model import Cell, DataSelection, Fold, Status, Tier
from harness.standing import Standing
from harness.store import CellError, Record, StageTiming, Store, Timing
from harness.suite import Suite

MACHINE = "0123abcd Test CPU 2 cores"


def make_record(
    row: str = "otsu",
    sample: str = "a",
    *,
    metrics: Mapping[str, float] | None = None,
    status: Status = "ok",
    error: CellError | None = None,
    suite: str = "toy",
    version: int = 1,
    tier: Tier = "smoke",
    dataset: str = "blobs",
    fold: str = "",
    repeat: int = 0,
    cell: str = "",
) -> Record:
    """Return a record; its key is made of its place unless `cell` is given."""
    return Record(
        cell=cell or f"{row}-{dataset}-{sample}-{fold}-{repeat}",
        suite=suite,
        version=version,
        tier=tier,
        row=row,
        dataset=dataset,
        sample=sample,
        fold=fold,
        repeat=repeat,
        seed=7,
        status=status,
        metrics={} if metrics is None else metrics,
        error=error,
        environment="f00d",
    )


def record_of(
    cell: Cell, metrics: Mapping[str, float] | None = None, *, status: Status = "ok", error: CellError | None = None
) -> Record:
    """Return the record that a cell left."""
    return Record(
        cell=cell.key,
        suite=cell.suite,
        version=cell.version,
        tier=cell.tier,
        row=cell.row,
        dataset=cell.data.dataset,
        sample=cell.sample,
        fold=cell.fold.id,
        repeat=cell.repeat,
        seed=cell.seed,
        status=status,
        metrics=metrics or {},
        error=error,
        environment="f00d",
    )


def cell_of(record: Record) -> Cell:
    """Return the cell that a record would be of; it has no chain."""
    return Cell(
        suite=record.suite,
        version=record.version,
        tier=record.tier,
        row=record.row,
        data=DataSelection(record.dataset, (), "gold", "gold"),
        sample=record.sample,
        fold=Fold(record.fold, (record.sample,)),
        repeat=record.repeat,
        seed=record.seed,
        chain=(),
        scores=(),
        key=record.cell,
    )


def standing_of(
    suite: Suite,
    tier: Tier,
    records: Iterable[Record],
    timings: Iterable[Timing] = (),
    *,
    directions: Mapping[str, str] | None = None,
    cells: Sequence[Cell] | None = None,
    suites: Mapping[str, Suite] | None = None,
) -> Standing:
    """Return a standing of records by hand; without cells, of the cells that records and timings would be of."""
    own, timed = list(records), list(timings)
    known = {record.id for record in own}
    for timing in timed:
        if timing.id not in known:
            known.add(timing.id)
            own.append(make_record(timing.row, timing.sample, dataset=timing.dataset, cell=timing.cell, tier=tier))
    directions = directions or dict.fromkeys(suite.metrics, "higher")
    metrics: Any = {
        name: SimpleNamespace(id=name, direction=which, unit="fraction", at=None, nan_rule="spreads", range=(0.0, 1.0))
        for name, which in directions.items()
    }
    wanted = [cell_of(record) for record in own] if cells is None else cells
    return Standing.join(suite, tier, wanted, own, timed, metrics=metrics, suites=suites or {})


def make_timing(
    row: str = "otsu",
    sample: str = "a",
    *,
    steady_s: Sequence[float] = (),
    first_s: float | None = 1.0,
    fit_s: float | None = None,
    fit_cpu_s: float | None = None,
    fit_busy_s: float | None = None,
    device: str = "cpu",
    threads: int = 1,
    cached: bool = False,
    machine: str = MACHINE,
    dataset: str = "blobs",
    peak_bytes: int | None = 250_000_000,
) -> Timing:
    """Return a timing of one stage."""
    stage = StageTiming(
        "otsu",
        first_s=first_s,
        steady_s=tuple(steady_s),
        fit_s=fit_s,
        fit_cpu_s=fit_cpu_s,
        fit_busy_s=fit_busy_s,
        cached=cached,
        peak_bytes=peak_bytes,
    )
    return Timing(
        cell=f"{row}-{dataset}-{sample}--0",
        row=row,
        dataset=dataset,
        sample=sample,
        fold="",
        repeat=0,
        machine=machine,
        environment="f00d",
        device=device,
        threads=threads,
        stages=(stage,),
        total_s=2.0,
    )


def write_records(results: Path, records: Iterable[Record], timings: Iterable[Timing] = ()) -> Path:
    """Write records (of one suite, version and tier) and their timings into a results folder and return it."""
    records = list(records)
    by_place = {timing.id: timing for timing in timings}
    first = records[0]
    with Store(results, first.suite, first.version, first.tier).open() as writer:
        for record in records:
            writer.add(record, by_place.get(record.id))
        writer.add_environment("f00d", {"python": "3.11"})
    return results
