"""What the author of a bundle says trained the method, held against the data that it is tested on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.bundles import MethodCard
from harness.datasets.overlap import Contamination

if TYPE_CHECKING:
    from harness.datasets import Catalogue


SUBMITTED = "submitted-labels"
"""The stage that reads label images of a bundle."""


def declared_contamination(catalogue: Catalogue, card: MethodCard, dataset: str) -> Contamination:
    """Return whether a method that a card describes has seen a data set; the card is taken at its word.

    "clean" if nothing trained it, or only data sets of the catalogue whose images are others. "unknown" where it names
    the tested data set (a card cannot say which samples of it), one of its collections, a data set with such a
    collection, or anything that the catalogue does not know.
    """
    if card.learnt_nothing:
        return Contamination("clean")
    tested = catalogue.dataset(dataset)
    collections = set(tested.declaration.collections)
    for name in card.training_data:
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


def _origins(dataset: object) -> set[str]:
    """Return the data set itself and those that its samples are crops of."""
    samples = getattr(dataset, "samples", {})
    origins = {one.origin.dataset for one in samples.values() if getattr(one, "origin", None)}
    return {getattr(dataset, "id", ""), *origins}
