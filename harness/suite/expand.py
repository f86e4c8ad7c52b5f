"""Suite, tier and catalogue in; cells in canonical order out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from harness.collection import without_collection
from harness.datasets.content import content_of
from harness.datasets.fetching.places import expanded
from harness.datasets.overlap import check_overlap, check_weights
from harness.errors import ConfigError, DataError, Gathered, nearest
from harness.hashing import canonical_json, derive_seed, hash_path, hash_value
from harness.model import Cell, Fold, ScoredPair, StageSpec, Tier
from harness.registry import MetricRegistry, StageRegistry
from harness.stages.chain import Given
from harness.stages.contract import Stage
from harness.suite.chains import FOLD, check_order, is_per_fold, place, resolve_chain, stage_specs, weights_of
from harness.suite.recipes import weights_hash
from harness.suite.scored import scored_pairs
from harness.suite.selection import EVERY_SAMPLE, Selected, Selector
from harness.suite.suite import Row, Suite

if TYPE_CHECKING:
    from harness.datasets import Catalogue

MOST_CELLS = 1_000_000
"""Cells of a suite on one tier; a suite that has more has a slip of the pen."""


@without_collection()
def expand(
    suite: Suite,
    tier: Tier,
    catalogue: Catalogue,
    registry: StageRegistry,
    metrics: MetricRegistry,
) -> tuple[Cell, ...]:
    """Return the cells of a suite on a tier, ordered by row, dataset, fold, sample and repeat as they are declared.

    Needs no data, only declarations. Every check that a run relies on is made here: parameters, chain order, names of
    the catalogue, dimensions, training data, overlap of training and test data. A data table has no cells.

    Raises:
        ConfigError, ParameterError, ChainError: with file, line and key; one line for each row that has a mistake.
    """
    suite.tier(tier)
    return tuple(_Expansion(suite, tier, catalogue, registry, metrics).cells())


TRAINING = 2
"""Part of the key of every cell that trains: to be raised when the seeds of trainings are derived otherwise."""


def cell_key(base: str, text: str, repeat: int, seed: int) -> str:
    """Return `hash_value([base, sample, content, repeat, seed])`; `base` is a hash, `text` the `sample_text` of both.

    To write the JSON of each of a hundred thousand keys anew would be most of what an expansion takes.
    """
    return hashlib.sha256(f'["{base}",{text},{repeat},{seed}]'.encode()).hexdigest()


def sample_text(sample: str, content: str) -> str:
    """Return a sample and the hash of its content as they stand in the canonical JSON of a list."""
    return canonical_json([sample, content])[1:-1]


class _Expansion:
    """One expansion with its caches: rows of a suite mostly share their data."""

    def __init__(
        self, suite: Suite, tier: Tier, catalogue: Catalogue, registry: StageRegistry, metrics: MetricRegistry
    ) -> None:
        self._suite = suite
        self._tier = tier
        self._registry = registry
        self._metrics = metrics
        self._catalogue = catalogue
        self._selector = Selector(suite, tier, catalogue)
        self._hashes: dict[tuple[str, str], str] = {}
        self._seeds: dict[tuple[str | int, ...], int] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._distinct: set[tuple[Selected, ...]] = set()
        self._weights: dict[str, str] = {}
        self._safe: set[tuple[str, Fold]] = set()
        self._unseen: set[tuple[str, str, Fold]] = set()

    @cached_property
    def _weight_ids(self) -> frozenset[str]:
        """Asked for when a chain names weights: it reads every catalogue there is."""
        return frozenset(self._catalogue.weight_ids())

    def cells(self) -> Iterator[Cell]:
        """Yield the cells of every row; raises what `expand` raises, when the last row has been looked at."""
        count, found = 0, Gathered()
        for row in self._suite.rows:
            folds = []
            with found.noting():
                folds = list(self._row_folds(row))
            for selected, fold, chain, base, scores in folds:
                repeats = self._suite.repeats_of(self._tier, row)
                count += len(fold.test) * repeats
                if count > MOST_CELLS:
                    raise ConfigError(
                        f"{place(self._suite, row, row.place)}: with this row the suite has more than "
                        f"{MOST_CELLS} cells on tier '{self._tier}'"
                    )
                yield from self._fold_cells(row, selected, fold, chain, base, scores, repeats)
        found.raise_all()

    def _row_folds(
        self, row: Row
    ) -> Iterator[tuple[Selected, Fold, tuple[StageSpec, ...], str, tuple[ScoredPair, ...]]]:
        """Yield each fold of a row with its chain, the hash of what its cells share, and what they compare."""
        selections = self._selector.select(row)
        self._check_distinct(row, selections)
        chain = resolve_chain(self._suite, row, self._tier, self._registry)
        shared = None if is_per_fold(chain) else stage_specs(row, chain, "", self._registry)
        for selected in selections:
            self._check_data(row, chain, selected)
            scores = scored_pairs(self._suite, row, self._tier, chain, selected, self._catalogue, self._metrics)
            for fold in selected.folds:
                self._check_fold(row, chain, selected, fold)
                named = list(weights_of(chain, fold.id))
                weights = [self._weights_hash(row, stage, name) for stage, name in named]
                self._check_weights(row, named, selected, fold)
                specs = shared or stage_specs(row, chain, fold.id, self._registry)
                trains = any(stage.trains() for stage in chain)
                base = self._base(row, selected, fold, specs, weights, scores, trains=trains)
                yield selected, fold, specs, base, scores

    def _fold_cells(
        self,
        row: Row,
        selected: Selected,
        fold: Fold,
        chain: tuple[StageSpec, ...],
        base: str,
        scores: tuple[ScoredPair, ...],
        repeats: int,
    ) -> Iterator[Cell]:
        """Yield the cells of one row on one fold in the order of samples and repeats."""
        suite, dataset = self._suite, selected.dataset.id
        draws = [self._seed("draw", dataset, fold.id, repeat) for repeat in range(repeats)]
        for sample in fold.test:
            text = self._text_of(dataset, sample)
            for repeat, draw in enumerate(draws):
                seed = self._seed(dataset, fold.id, sample, repeat)
                yield Cell(
                    suite=suite.id,
                    version=suite.version,
                    tier=self._tier,
                    row=row.id,
                    data=selected.data,
                    sample=sample,
                    fold=fold,
                    repeat=repeat,
                    seed=seed,
                    draw=draw,
                    chain=chain,
                    scores=scores,
                    key=cell_key(base, text, repeat, seed),
                )

    def _text_of(self, dataset: str, sample: str) -> str:
        if (dataset, sample) not in self._texts:
            self._texts[dataset, sample] = sample_text(sample, self._hashes[dataset, sample])
        return self._texts[dataset, sample]

    def _seed(self, *parts: str | int) -> int:
        """Return the seed of a place in the suite's seed group; rows share it."""
        if parts not in self._seeds:
            self._seeds[parts] = derive_seed(self._suite.seed_group, *parts)
        return self._seeds[parts]

    def _base(
        self,
        row: Row,
        selected: Selected,
        fold: Fold,
        specs: tuple[StageSpec, ...],
        weights: list[str],
        scores: tuple[ScoredPair, ...],
        *,
        trains: bool,
    ) -> str:
        """Return the hash of what the cells of a row share on a fold."""
        for sample in (*fold.test, *fold.train, *fold.validation):
            at = (selected.dataset.id, sample)
            if at not in self._hashes:
                self._hashes[at] = content_of(selected.dataset, sample)
        return hash_value(
            {
                "row": row.id,
                "data": selected.data.to_json(),
                "fold": fold.id,
                "train": [self._hashes[selected.dataset.id, sample] for sample in fold.train],
                "validation": [self._hashes[selected.dataset.id, sample] for sample in fold.validation],
                "chain": [spec.key_json() for spec in specs],
                "weights": weights,
                "metrics": list(self._suite.file.metrics),
                **({"scope": said} if (said := scores[0].scope.to_json()) else {}),
                **({"scores": [pair.to_json() for pair in scores[1:]]} if scores[1:] else {}),
                **({"training": TRAINING} if trains else {}),
            }
        )

    def _check_distinct(self, row: Row, selections: tuple[Selected, ...]) -> None:
        """Refuse what would stand twice in one place: folds of one name, or a sample tested twice in a fold."""
        if selections in self._distinct:
            return
        seen: set[tuple[str, str, str]] = set()
        for selected in selections:
            ids = [fold.id for fold in selected.folds]
            if len(ids) > 1 and (len(set(ids)) < len(ids) or "" in ids):
                found = ", ".join(repr(name) for name in ids)
                raise self._suite.source_file.error(
                    selected.place,
                    f"row '{row.id}': several folds of dataset '{selected.dataset.id}' need ids of their own; "
                    f"found: {found}",
                )
            for fold in selected.folds:
                for sample in fold.test:
                    at = (selected.dataset.id, fold.id, sample)
                    if at in seen:
                        named = f" of fold '{fold.id}'" if fold.id else ""
                        raise self._suite.source_file.error(
                            selected.place,
                            f"row '{row.id}': test sample '{sample}'{named} of dataset '{at[0]}' stands here twice",
                        )
                    seen.add(at)
        self._distinct.add(selections)

    def _check_data(self, row: Row, chain: tuple[Stage, ...], selected: Selected) -> None:
        given = Given(tuple(slot for slot, _ in selected.data.reads), selected.data.truths, selected.grid)
        check_order(self._suite, row, chain, given)
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
        if (selected.dataset.id, fold) not in self._safe:
            where = self._suite.source_file.where(selected.place)
            check_overlap(self._catalogue, selected.dataset, fold, where)
            self._safe.add((selected.dataset.id, fold))
        trained = [stage.id for stage in chain if stage.trains()]
        is_absent = fold.test == (EVERY_SAMPLE,)  # nobody knows yet what its folder holds, training samples included
        if trained and not fold.train and not is_absent:
            raise self._suite.source_file.error(
                selected.place,
                f"row '{row.id}' trains '{trained[0]}', but fold '{fold.id}' of dataset "
                f"'{selected.dataset.id}' has no training samples",
            )
        if not fold.id and is_per_fold(chain):
            raise self._suite.source_file.error(
                selected.place, f"row '{row.id}' uses '{FOLD}', but the data has no folds"
            )

    def _check_weights(self, row: Row, named: list[tuple[str, str]], selected: Selected, fold: Fold) -> None:
        for stage, name in named:
            if (name, selected.dataset.id, fold) not in self._unseen:
                where = f"{place(self._suite, row, row.place)}: stage '{stage}'"
                check_weights(self._catalogue, name, selected.dataset, fold, where)
                self._unseen.add((name, selected.dataset.id, fold))

    def _weights_hash(self, row: Row, stage: str, name: str) -> str:
        """Return what identifies weights: their hash where it is known without fetching, else their name."""
        if name not in self._weights:
            self._weights[name] = self._hashed_weights(row, stage, name)
        return self._weights[name]

    def _hashed_weights(self, row: Row, stage: str, name: str) -> str:
        path = expanded(name, f"{place(self._suite, row, row.place)}: stage '{stage}'")
        try:
            if name in self._weight_ids:
                return weights_hash(name, self._catalogue, self._registry)
            if path.exists():
                return hash_path(path)
        except (DataError, OSError):
            return f"unavailable: {name}"
        if name.startswith((".", "~")) or path.is_absolute():
            return f"unavailable: {name}"
        raise ConfigError(
            f"{place(self._suite, row, row.place)}: stage '{stage}': unknown weights '{name}'"
            f"{nearest(name, self._weight_ids)}"
        )
