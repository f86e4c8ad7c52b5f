"""What a row reads on a tier: datasets, folds, channels and labels, checked against the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import ConfigError, DataError, Gathered, RegistryError, nearest
from harness.model import DataSelection, Fold, Grid, Tier
from harness.stages.slots import SLOTS
from harness.suite.grids import declared_grid
from harness.suite.schema import DataSpec
from harness.suite.suite import Row, Suite
from harness.toml_lines import KeyPath

if TYPE_CHECKING:
    from harness.datasets import Catalogue, Dataset

EVERY_SAMPLE = "*"
"""Stands for the samples of a folder that is absent, so that its cells are missing and not forgotten."""
CHOICES = ("data", "channels", "truth", "train_truth", "reads")
"""What a row may say of the data that it reads."""


@dataclass(frozen=True, slots=True, eq=False)
class Selected:
    """One dataset of a row on a tier: what is read of it and in which folds."""

    dataset: Dataset
    data: DataSelection
    folds: tuple[Fold, ...]
    place: KeyPath
    grid: Grid
    """Dimensions and spacing that the dataset declares."""


def chosen(suite: Suite, row: Row, tier: Tier, name: str) -> tuple[Any, KeyPath]:
    """Return the value of a key of `DataChoice` and where it stands: the row's tier, else the row, else the tier."""
    value = getattr(row.overrides(tier), name)
    if value is not None:
        return value, (*row.place, "tiers", tier, name)
    value = getattr(row.spec, name)
    if value is not None:
        return value, (*row.place, name)
    value = getattr(suite.tier(tier), name)
    return value, ("tiers", tier) if value is None else ("tiers", tier, name)


class Selector:
    """Resolves the data of rows against a catalogue; rows that choose the same data share one resolution."""

    def __init__(self, suite: Suite, tier: Tier, catalogue: Catalogue) -> None:
        self._suite = suite
        self._tier = tier
        self._catalogue = catalogue
        self._known: dict[Any, tuple[Selected, ...]] = {}
        self._of_tier: tuple[Selected, ...] | None = None
        """What rows read that say nothing of it themselves."""

    def select(self, row: Row) -> tuple[Selected, ...]:
        """Return the datasets of a row; raises `ConfigError` naming file, line, key and nearest match."""
        says = row.spec.model_fields_set | row.overrides(self._tier).model_fields_set
        if self._of_tier is not None and says.isdisjoint(CHOICES):
            return self._of_tier
        found = self._chosen(row)
        if says.isdisjoint(CHOICES):
            self._of_tier = found
        return found

    def _chosen(self, row: Row) -> tuple[Selected, ...]:
        choice = {name: chosen(self._suite, row, self._tier, name) for name in CHOICES}
        key = tuple(tuple(value.items()) if isinstance(value, dict) else value for value, _ in choice.values())
        if key not in self._known:
            self._known[key] = self._resolve(row, choice)
        return self._known[key]

    def _resolve(self, row: Row, choice: dict[str, tuple[Any, KeyPath]]) -> tuple[Selected, ...]:
        specs, place = choice["data"]
        if not specs:
            raise self._error(place, f"row '{row.id}' has no data on tier '{self._tier}'")
        found, selected = Gathered(), []
        for number, spec in enumerate(specs):
            with found.noting():
                selected.append(self._selected(spec, choice, (*place, number) if place[-1] == "data" else place))
        found.raise_all()
        return tuple(selected)

    def _selected(self, spec: DataSpec, choice: dict[str, tuple[Any, KeyPath]], place: KeyPath) -> Selected:
        try:
            dataset = self._catalogue.dataset(spec.dataset)
        except RegistryError as error:
            raise self._error((*place, "dataset"), str(error)) from error
        channels, channels_place = choice["channels"]
        found = Gathered()
        for channel in channels or ():
            with found.noting():
                self._known_name("channel", channel, dataset.channels, dataset, channels_place)
        truth, train_truth = "", ""
        reads: tuple[tuple[str, str], ...] = ()
        folds: tuple[Fold, ...] = ()
        with found.noting():
            truth = self._truth(dataset, *choice["truth"])
        with found.noting():
            train_truth = self._label(dataset, *choice["train_truth"])
        with found.noting():
            reads = self._reads(dataset, *choice["reads"])
        with found.noting():
            folds = self._present_folds(spec, dataset, place)
        found.raise_all()
        data = DataSelection(dataset.id, tuple(channels or dataset.channels), truth, train_truth or truth, reads)
        return Selected(dataset, data, folds, place, declared_grid(dataset))

    def _present_folds(self, spec: DataSpec, dataset: Dataset, place: KeyPath) -> tuple[Fold, ...]:
        """Return the folds; where absent data hides what samples there are, one fold that stands for them."""
        try:
            folds = self._folds(spec, dataset, place)
        except DataError:
            if dataset.availability().ok:
                raise
            folds = ()
        empty = [fold.id for fold in folds if not fold.test]
        if folds and not empty:
            return folds
        if not dataset.availability().ok:
            return (Fold("", spec.samples or (EVERY_SAMPLE,), spec.train, spec.validation),)
        fold = f"fold '{empty[0]}'" if empty and empty[0] else "the data"
        raise self._error(place, f"{fold} of dataset '{dataset.id}' has no test samples")

    def _truth(self, dataset: Dataset, name: str | None, place: KeyPath) -> str:
        """Return the label image scored against; "" where the dataset has none at all and none is named."""
        if name:
            return self._label(dataset, name, place)
        if len(dataset.label_names) == 1:
            return dataset.label_names[0]
        if not dataset.label_names:
            return ""
        found = ", ".join(dataset.label_names)
        raise self._error(place, f"'truth' is needed: the labels of dataset '{dataset.id}' are: {found}")

    def _reads(self, dataset: Dataset, reads: dict[str, str] | None, place: KeyPath) -> tuple[tuple[str, str], ...]:
        for slot, label in (reads or {}).items():
            if slot in SLOTS and not SLOTS[slot].given:
                raise self._error((*place, slot), f"'{slot}' is a slot of chains; name a further label image otherwise")
            self._known_name("label image", label, dataset.label_names, dataset, (*place, slot))
        return tuple(sorted((reads or {}).items()))

    def _label(self, dataset: Dataset, name: str | None, place: KeyPath) -> str:
        if not name:
            return ""
        self._known_name("label image", name, dataset.label_names, dataset, place)
        return name

    def _folds(self, spec: DataSpec, dataset: Dataset, place: KeyPath) -> tuple[Fold, ...]:
        if not spec.split:
            self._check_samples(spec, dataset, place)
            if spec.folds:
                raise self._error((*place, "folds"), "folds are of a split; name it with 'split'")
            return (Fold("", spec.samples or dataset.sample_ids(), spec.train, spec.validation),)
        for name in ("samples", "train", "validation"):
            if getattr(spec, name):
                raise self._error((*place, name), f"'split' and '{name}' exclude each other")
        self._known_name("split", spec.split, dataset.splits, dataset, (*place, "split"))
        folds = dataset.splits[spec.split]
        for fold in spec.folds:
            self._known_name("fold", fold, [known.id for known in folds], dataset, (*place, "folds"))
        return tuple(fold for fold in folds if not spec.folds or fold.id in spec.folds)

    def _check_samples(self, spec: DataSpec, dataset: Dataset, place: KeyPath) -> None:
        known, found = dataset.sample_ids(), Gathered()
        for name in ("samples", "train", "validation"):
            for sample in getattr(spec, name):
                with found.noting():
                    self._known_name("sample", sample, known, dataset, (*place, name))
        found.raise_all()

    def _known_name(self, kind: str, name: str, accepted: Iterable[str], dataset: Dataset, place: KeyPath) -> None:
        names = list(accepted)
        if name not in names:
            raise self._error(place, f"dataset '{dataset.id}' has no {kind} '{name}'{nearest(name, names)}")

    def _error(self, place: KeyPath, problem: str) -> ConfigError:
        return self._suite.source_file.error(place, problem)
