"""What the author of a bundle says trained the method, held against the data that it is tested on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.bundles import MethodCard
from harness.datasets.overlap import Contamination, shared_content

if TYPE_CHECKING:
    from harness.datasets import Catalogue
    from harness.datasets.dataset import Dataset


SUBMITTED = "submitted-labels"
"""The stage that reads label images of a bundle."""


def declared_contamination(catalogue: Catalogue, card: MethodCard, dataset: str, sample: str) -> Contamination:
    """Return whether a method that a card describes has seen a sample of a data set; the card is taken at its word.

    "clean" if nothing trained it, or only samples ("<data set>/<sample>") and data sets of the catalogue whose images
    are others. "overlapping" where it names the tested sample, one that shares content with it, or another data set
    with such a one. "unknown" where it names the whole tested data set (it may mean a part), one of its collections, a
    data set with such a collection, or anything that the catalogue does not know.
    """
    if card.learnt_nothing:
        return Contamination("clean")
    tested = catalogue.dataset(dataset)
    named = {name: tuple(_samples(catalogue, name)) for name in card.training_data if name != dataset}
    for name, samples in named.items():
        for seen in samples:
            if alike := shared_content(catalogue, seen, (tested, sample)):
                what = f"sample '{seen[1]}' of dataset '{seen[0].id}'"
                reason = f"was trained on '{name}': its {what} is tested as '{dataset}/{sample}' ({alike})"
                return Contamination("overlapping", f"method '{card.id}' {reason}")
    collections = set(tested.declaration.collections)
    for name in card.training_data:
        if named.get(name) and name not in catalogue.dataset_ids():
            continue
        if name == dataset or name in collections:
            return Contamination("unknown", f"method '{card.id}' was trained on '{name}', perhaps on what is tested")
        if name not in catalogue.dataset_ids():
            return Contamination(
                "unknown", f"method '{card.id}' was trained on '{name}', which is not in the catalogue"
            )
        source = catalogue.dataset(name)
        shared = sorted(collections & set(source.declaration.collections))
        if shared or _origins(source) & {dataset, *_origins(tested)}:
            what = ", ".join(shared) or "one source"
            return Contamination("unknown", f"method '{card.id}' was trained on '{name}': both come from {what}")
    return Contamination("clean")


def _samples(catalogue: Catalogue, name: str) -> Iterator[tuple[Dataset, str]]:
    """Yield the samples of a named data set, or the one of "<data set>/<sample>"; none that the catalogue lacks."""
    dataset, _, sample = name.partition("/")
    if dataset in catalogue.dataset_ids():
        found = catalogue.dataset(dataset)
        yield from ((found, one) for one in found.sample_ids() if sample in ("", one))


def _origins(dataset: Dataset) -> set[str]:
    """Return the data set itself and those that its samples are crops of."""
    return {dataset.id, *(one.origin.dataset for one in dataset.samples.values() if one.origin)}
