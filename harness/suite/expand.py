"""Suite, tier and catalogue in; cells in canonical order out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.datasets.content import content_of
from harness.datasets.overlap import check_overlap, check_weights
from harness.errors import ConfigError, DataError, nearest
from harness.hashing import derive_seed, hash_path, hash_value
from harness.model import Cell, Fold, StageSpec, Tier
from harness.registry import Registry
from harness.stages.contract import Stage
from harness.suite.chains import FOLD, is_per_fold, place, resolve_chain, stage_specs, weights_of
from harness.suite.recipes import weights_hash
from harness.suite.selection import Selected, Selector
from harness.suite.suite import Row, Suite

if TYPE_CHECKING:
    from harness.datasets import Catalogue

Names = Collection[str] | None


def expand(
    suite: Suite,
    tier: Tier,
    catalogue: Catalogue,
    registry: Registry,
    *,
    rows: Names = None,
    datasets: Names = None,
    folds: Names = None,
    stages: Names = None,
) -> tuple[Cell, ...]:
    """Return the cells of a suite on a tier, ordered by row, dataset, fold, sample and repeat as they are declared.

    Needs no data, only declarations. Every check that a run relies on is made here: parameters, chain order, names of
    the catalogue, dimensions, training data, overlap of training and test data. A data table has no cells.

    Args:
        rows, datasets, folds, stages: keep only cells of these rows, datasets, folds, and chains with one of these
            stages; None keeps all.

    Raises:
        ConfigError, ParameterError, ChainError: with file, line and key.
    """
    suite.tier(tier)
    parts = _Expansion(suite, tier, catalogue, registry).parts()
    kept = _filtered(parts, {"row": rows, "dataset": datasets, "fold": folds, "stage": stages}, suite)
    return tuple(cell for part in kept for cell in part.cells())


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What the cells of one row on one fold share."""

    suite: Suite
    tier: Tier
    row: Row
    selected: Selected
    fold: Fold
    chain: tuple[StageSpec, ...]
    base: str
    sample_hashes: dict[tuple[str, str], str]
    seeds: dict[tuple[str, str, str, int], int]

    def names(self, kind: str) -> tuple[str, ...]:
        """Return what a filter of a kind is compared with."""
        if kind == "stage":
            return tuple(spec.id for spec in self.chain)
        return ({"row": self.row.id, "dataset": self.selected.dataset.id, "fold": self.fold.id}[kind],)

    def cells(self) -> Iterator[Cell]:
        """Yield the cells in the order of samples and repeats."""
        suite, dataset, fold = self.suite, self.selected.dataset.id, self.fold
        for sample in fold.test:
            content = self.sample_hashes[dataset, sample]
            for repeat in range(suite.repeats_of(self.tier)):
                seed = self._seed(dataset, sample, repeat)
                yield Cell(
                    suite=suite.id,
                    version=suite.version,
                    tier=self.tier,
                    row=self.row.id,
                    data=self.selected.data,
                    sample=sample,
                    fold=fold,
                    repeat=repeat,
                    seed=seed,
                    chain=self.chain,
                    metrics=suite.metrics,
                    key=hash_value([self.base, sample, content, repeat, seed]),
                )

    def _seed(self, dataset: str, sample: str, repeat: int) -> int:
        place = (dataset, self.fold.id, sample, repeat)
        if place not in self.seeds:
            self.seeds[place] = derive_seed(self.suite.seed_group, *place)
        return self.seeds[place]


class _Expansion:
    """One expansion with its caches: rows of a suite mostly share their data."""

    def __init__(self, suite: Suite, tier: Tier, catalogue: Catalogue, registry: Registry) -> None:
        self._suite = suite
        self._tier = tier
        self._registry = registry
        self._catalogue = catalogue
        self._selector = Selector(suite, tier, catalogue)
        self._weight_ids = frozenset(catalogue.weight_ids())
        self._hashes: dict[tuple[str, str], str] = {}
        self._seeds: dict[tuple[str, str, str, int], int] = {}
        self._weights: dict[str, str] = {}
        self._safe: set[tuple[str, Fold]] = set()
        self._unseen: set[tuple[str, str, Fold]] = set()

    def parts(self) -> list[_Part]:
        """Return the parts of every row; raises what `expand` raises."""
        return [part for row in self._suite.rows for part in self._row_parts(row)]

    def _row_parts(self, row: Row) -> Iterator[_Part]:
        selections = self._selector.select(row)
        with_nuclei = bool(selections[0].data.nuclei)
        chain = resolve_chain(self._suite, row, self._tier, self._registry, with_nuclei=with_nuclei)
        shared = None if is_per_fold(chain) else stage_specs(chain, "")
        for selected in selections:
            self._check_data(row, chain, selected)
            for fold in selected.folds:
                self._check_fold(row, chain, selected, fold)
                named = list(weights_of(chain, fold.id))
                weights = [self._weights_hash(row, stage, name) for stage, name in named]
                self._check_weights(row, named, selected, fold)
                yield self._part(row, selected, fold, shared or stage_specs(chain, fold.id), weights)

    def _part(
        self, row: Row, selected: Selected, fold: Fold, specs: tuple[StageSpec, ...], weights: list[str]
    ) -> _Part:
        for sample in (*fold.test, *fold.train, *fold.validation):
            place = (selected.dataset.id, sample)
            if place not in self._hashes:
                self._hashes[place] = content_of(selected.dataset, sample)
        base = hash_value(
            {
                "row": row.id,
                "data": selected.data.to_json(),
                "fold": fold.id,
                "train": [self._hashes[selected.dataset.id, sample] for sample in fold.train],
                "validation": [self._hashes[selected.dataset.id, sample] for sample in fold.validation],
                "chain": [spec.to_json() for spec in specs],
                "weights": weights,
                "metrics": list(self._suite.metrics),
            }
        )
        return _Part(self._suite, self._tier, row, selected, fold, specs, base, self._hashes, self._seeds)

    def _check_data(self, row: Row, chain: tuple[Stage, ...], selected: Selected) -> None:
        ndim = selected.dataset.ndim
        for stage in chain:
            if ndim and ndim not in stage.dimensions:
                accepted = " or ".join(f"{n}D" for n in stage.dimensions)
                raise self._suite.source_file.error(
                    selected.place,
                    f"row '{row.id}': stage '{stage.id}' works on {accepted}; "
                    f"dataset '{selected.dataset.id}' is {ndim}D",
                )

    def _check_fold(self, row: Row, chain: tuple[Stage, ...], selected: Selected, fold: Fold) -> None:
        where = self._suite.source_file.where(selected.place)
        if (selected.dataset.id, fold) not in self._safe:
            check_overlap(self._catalogue, selected.dataset, fold, where)
            self._safe.add((selected.dataset.id, fold))
        trained = [stage.id for stage in chain if stage.trains()]
        if trained and not fold.train:
            raise ConfigError(
                f"{where}: row '{row.id}' trains '{trained[0]}', but fold '{fold.id}' of dataset "
                f"'{selected.dataset.id}' has no training samples"
            )
        if is_per_fold(chain) and not fold.id:
            raise ConfigError(f"{where}: row '{row.id}' uses '{FOLD}', but the data has no folds")

    def _check_weights(self, row: Row, named: list[tuple[str, str]], selected: Selected, fold: Fold) -> None:
        for stage, name in named:
            if name in self._weight_ids and (name, selected.dataset.id, fold) not in self._unseen:
                where = f"{place(self._suite, row, row.place)}: stage '{stage}'"
                check_weights(self._catalogue, name, selected.dataset, fold, where)
                self._unseen.add((name, selected.dataset.id, fold))

    def _weights_hash(self, row: Row, stage: str, name: str) -> str:
        """Return what identifies weights: their hash where it is known without fetching, else their name."""
        if name not in self._weights:
            self._weights[name] = self._hashed_weights(row, stage, name)
        return self._weights[name]

    def _hashed_weights(self, row: Row, stage: str, name: str) -> str:
        path = Path(name).expanduser()
        try:
            if name in self._weight_ids:
                return weights_hash(name, self._catalogue, self._registry)
            if path.exists():
                return hash_path(path)
        except DataError:
            return f"unavailable: {name}"
        if name.startswith((".", "~")) or path.is_absolute():
            return f"unavailable: {name}"
        raise ConfigError(
            f"{place(self._suite, row, row.place)}: stage '{stage}': unknown weights '{name}'"
            f"{nearest(name, self._weight_ids)}"
        )


def _filtered(parts: list[_Part], filters: dict[str, Names], suite: Suite) -> list[_Part]:
    for kind, names in filters.items():
        if names is None:
            continue
        present = {name for part in parts for name in part.names(kind)}
        for name in names:
            if name not in present:
                raise ConfigError(f"suite '{suite.id}' has no {kind} '{name}' here{nearest(name, present)}")
        parts = [part for part in parts if set(names) & set(part.names(kind))]
    return parts
