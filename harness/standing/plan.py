"""What a run would do: how many cells, which are done, what they may cost, and what is not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from harness.collection import without_collection
from harness.datasets.overlap import lineage
from harness.model import Cell, Tier
from harness.predictions import Predictions
from harness.standing.costs import Cost, Costs, Source, called_s, trainings_of
from harness.standing.standing import Standing
from harness.store import Timing

if TYPE_CHECKING:
    from harness.datasets import Catalogue


@dataclass(frozen=True, slots=True)
class RowPlan:
    """Cells of one row: all, already done, and mean seconds of one (None: never measured, no estimate).

    cell_s      without trainings
    source      what the seconds come from, if not from cells of this very chain
    trainings   models that remaining cells need and no earlier row trains; `training_s` is what they take together
    gpu_s       seconds of the remaining cells and trainings that are spent on a GPU
    """

    row: str
    cells: int
    done: int
    cell_s: float | None
    source: Source = ""
    trainings: int = 0
    training_s: float = 0.0
    gpu_s: float = 0.0

    @property
    def remaining(self) -> int:
        """Cells still to be computed."""
        return self.cells - self.done

    @property
    def remaining_s(self) -> float | None:
        """Estimated seconds of the remaining cells and their trainings, one after the other."""
        if not self.remaining:
            return 0.0
        return None if self.cell_s is None else self.cell_s * self.remaining + self.training_s


@dataclass(frozen=True, slots=True)
class Download:
    """Files of datasets and weights that are neither in the cache nor in a mirror folder.

    files, unsized   how many, and of how many nobody states the size
    bytes            of the others
    """

    files: int = 0
    unsized: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run of a suite on a tier would do.

    unavailable  datasets whose cells would be missing, with the reason
    same         groups of rows that are one and the same computation on this tier
    download     what must be fetched first
    kept_bytes   disk that predictions of the remaining cells take, as recorded ones do; None: none is here
    """

    suite: str
    tier: Tier
    cells: tuple[Cell, ...]
    rows: tuple[RowPlan, ...]
    unavailable: Mapping[str, str]
    same: tuple[tuple[str, ...], ...]
    download: Download = Download()
    kept_bytes: int | None = None

    @property
    def remaining(self) -> int:
        """Cells still to be computed."""
        return sum(row.remaining for row in self.rows)

    @property
    def known_s(self) -> float:
        """Estimated seconds of the rows that have an estimate."""
        return sum(row.remaining_s or 0.0 for row in self.rows)

    @property
    def gpu_s(self) -> float:
        """Estimated seconds on a GPU."""
        return sum(row.gpu_s for row in self.rows)

    @property
    def unknown_rows(self) -> tuple[str, ...]:
        """Rows with cells to compute and nothing to estimate their cost from."""
        return tuple(row.row for row in self.rows if row.remaining_s is None)


@without_collection()
def plan(
    standing: Standing,
    catalogue: Catalogue,
    timings: Iterable[Timing] = (),
    predictions: Predictions | None = None,
    per_voxel_s: Mapping[str, float] | None = None,
) -> Plan:
    """Return the plan of a run that computes the pending cells of a standing.

    `timings` tell what cells cost, `predictions` how large those are that recorded cells left, and `per_voxel_s` what
    rows without timings took for a voxel on the mini tier.
    """
    cells, pending = standing.cells, standing.pending()
    return Plan(
        standing.suite.id,
        standing.tier,
        cells,
        tuple(_row_plans(standing, pending, Costs(timings, cells), catalogue, per_voxel_s or {})),
        _unavailable(cells, catalogue),
        same_rows(cells),
        _download(pending, catalogue),
        None if predictions is None else _kept_bytes(standing, len(pending), predictions),
    )


def seconds_per_voxel(standing: Standing, catalogue: Catalogue) -> dict[str, float]:
    """Return what the stages of a row took for a voxel, without trainings: the median of its cells.

    Outputs that came from the cache count as when they were made. Rows whose stages were not all measured in a cell are
    left out, and cells of samples whose shape nobody states.
    """
    cells = {cell.key: cell for cell in standing.cells}
    found: dict[str, list[float]] = defaultdict(list)
    for timing in standing.timings:
        cell = cells.get(timing.cell)
        voxels = None if cell is None else catalogue.dataset(cell.data.dataset).voxels(cell.sample)
        if voxels and timing.stages and all(stage.run_s is not None for stage in timing.stages):
            found[timing.row].append(sum(called_s(stage) for stage in timing.stages) / voxels)
    return {row: median(rates) for row, rates in found.items()}


def _mean_voxels(cells: Sequence[Cell], catalogue: Catalogue) -> float | None:
    counts = [catalogue.dataset(cell.data.dataset).voxels(cell.sample) for cell in cells]
    return None if None in counts else fmean(count for count in counts if count is not None)


def _row_plans(
    standing: Standing,
    waiting: Iterable[Cell],
    costs: Costs,
    catalogue: Catalogue,
    per_voxel_s: Mapping[str, float],
) -> Iterator[RowPlan]:
    trained: set[str] = set()
    by_row: dict[str, list[Cell]] = defaultdict(list)
    for cell in waiting:
        by_row[cell.row].append(cell)
    for row, own in standing.rows.items():
        pending = by_row[row]
        cost = costs.of(row, [spec.id for spec in own.cells[0].chain])
        if cost is None and pending and row in per_voxel_s:
            voxels = _mean_voxels(pending, catalogue)
            cost = None if voxels is None else Cost(per_voxel_s[row] * voxels, source="the mini tier")
        if cost is None:
            yield RowPlan(row, len(own.cells), len(own.cells) - len(pending), None)
            continue
        trains = pending if cost.training_s else ()
        needed = {key: stage for cell in trains for stage, key in trainings_of(cell, cost.training_s)}
        new = [stage for key, stage in needed.items() if key not in trained]
        trained.update(needed)
        on_gpu = sum(cost.training_s[stage] for stage in new if stage in cost.trained_on_gpu)
        yield RowPlan(
            row,
            len(own.cells),
            len(own.cells) - len(pending),
            cost.cell_s,
            cost.source,
            len(new),
            sum(cost.training_s[stage] for stage in new),
            cost.cell_gpu_s * len(pending) + on_gpu,
        )


def _download(cells: Iterable[Cell], catalogue: Catalogue) -> Download:
    """Return what must be fetched for cells: files of their datasets, of their weights, and of what those train on."""
    known = set(catalogue.weight_ids())
    used = {(cell.data.dataset, id(cell.chain)): cell for cell in cells}.values()  # cells of a row share their chain
    datasets: dict[str, None] = {cell.data.dataset: None for cell in used}
    weights: dict[str, None] = {}
    for cell in used:
        named = (value for spec in cell.chain for value in spec.parameters.values() if isinstance(value, str))
        weights.update(dict.fromkeys(one for name in named if name in known for one in lineage(catalogue, name)))
    entries = [catalogue.weights(name) for name in weights]
    datasets.update({entry.declaration.recipe.dataset: None for entry in entries if entry.declaration.recipe})
    sizes = [size for name in datasets for size in catalogue.dataset(name).to_fetch().values()]
    sizes += [size for entry in entries for size in entry.to_fetch().values()]
    return Download(len(sizes), sizes.count(None), sum(size for size in sizes if size is not None))


def _kept_bytes(standing: Standing, remaining: int, predictions: Predictions) -> int | None:
    kept = []
    for record in standing.records:
        sizes = [predictions.bytes_of(digest) for digest in record.prediction.values()]
        if sizes and None not in sizes:
            kept.append(sum(size for size in sizes if size is not None))
    return int(fmean(kept) * remaining) if kept else None


def _unavailable(cells: Sequence[Cell], catalogue: Catalogue) -> dict[str, str]:
    reasons = {}
    for dataset in dict.fromkeys(cell.data.dataset for cell in cells):
        found = catalogue.dataset(dataset).availability()
        if not found.ok:
            reasons[dataset] = found.reason
    return reasons


def same_rows(cells: Iterable[Cell]) -> tuple[tuple[str, ...], ...]:
    """Return groups of rows with equal chains and data: a smaller tier can make them so."""
    by_row: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_row[cell.row].append(cell)
    groups: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row, own in by_row.items():
        # cells of a row share what they read, and those of a fold the chain, so that neither is compared for each cell
        data = tuple({id(cell.data): cell.data for cell in own}.values())
        chains = {id(cell.chain): cell.chain for cell in own}.values()
        text = repr([[spec.to_json() for spec in chain] for chain in chains])
        places = tuple((cell.data.dataset, cell.fold.id, cell.sample, cell.repeat) for cell in own)
        groups[data, text, places].append(row)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
