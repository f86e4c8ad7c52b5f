"""Refusal of cells whose training data, or that of their weights, contains what is tested.

Samples are compared by content hash and by the voxels they take from one source, across datasets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.datasets.content import content_of
from harness.datasets.fetching.places import expanded
from harness.descriptions import training_data
from harness.errors import ConfigError, DataError
from harness.model import Fold

if TYPE_CHECKING:
    from harness.datasets.catalogue import Catalogue
    from harness.datasets.dataset import Dataset
    from harness.datasets.declared.declaration import SampleDeclaration, TrainingData


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a sample that is no crop itself: start and stop per spatial axis, no bounds for all of it."""

    dataset: str
    source: str
    bounds: tuple[tuple[int, int], ...] = ()


def check_overlap(catalogue: Catalogue, dataset: Dataset, fold: Fold, where: str) -> None:
    """Raise `ConfigError` if a training or validation sample shares content with a test sample.

    Content is shared by samples with one hash, and by parts of one source sample that intersect.
    """
    for role, samples in (("training", fold.train), ("validation", fold.validation)):
        for sample in samples:
            for test in fold.test:
                shared = shared_content(catalogue, (dataset, sample), (dataset, test))
                if shared:
                    raise ConfigError(
                        f"{where}: {role} sample '{sample}' of fold '{fold.id}' of dataset '{dataset.id}' "
                        f"shares content with test sample '{test}' ({shared})"
                    )


@dataclass(frozen=True, slots=True)
class Contamination:
    """What weights have seen of the samples that they are tested on.

    "overlapping" is refused; "unknown" is shown and never passes as "clean". `reason` says why it is not clean.
    """

    outcome: Literal["clean", "overlapping", "unknown"]
    reason: str = ""


def contamination(catalogue: Catalogue, weights: str, dataset: Dataset, fold: Fold) -> Contamination:
    """Return whether weights were trained on, or chosen by, content of a fold's test samples.

    Of registered weights their entry says it, and of any the description of the model that lies beside them. They may
    have seen the samples where they share a collection of images with the dataset, and where nothing is declared of
    what trained them. Weights that were trained from others have seen what these have.
    """
    found = [_contamination(catalogue, name, dataset, fold) for name in lineage(catalogue, weights)]
    return next((one for kind in ("overlapping", "unknown") for one in found if one.outcome == kind), found[0])


def lineage(catalogue: Catalogue, weights: str) -> tuple[str, ...]:
    """Return weights, then the registered ones that the recipes behind them start from, each once."""
    known = catalogue.weight_ids()
    found: dict[str, None] = {}
    waiting = [weights]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = None
            recipe = catalogue.weights(name).declaration.recipe if name in known else None
            named = [] if recipe is None else [value for value in recipe.parameters.values() if isinstance(value, str)]
            waiting += [value for value in named if value in known]
    return tuple(found)


def _contamination(catalogue: Catalogue, weights: str, dataset: Dataset, fold: Fold) -> Contamination:
    described, names = _described(catalogue, weights, dataset, fold)
    if described is not None:
        return described
    if weights not in catalogue.weight_ids():
        what = f"no data set of the catalogue is '{names[0]}'" if names else "a file that no catalogue describes"
        return Contamination("unknown", f"weights '{weights}' may have seen dataset '{dataset.id}': {what}")
    declaration = catalogue.weights(weights).declaration
    for data in declaration.seen:
        source = catalogue.dataset(data.dataset)
        for seen in trained_samples(source, data):
            for test in fold.test:
                shared = shared_content(catalogue, (source, seen), (dataset, test))
                if shared:
                    of_fold = f"of fold '{fold.id}' " if fold.id else ""
                    reason = (
                        f"weights '{weights}' were trained on sample '{seen}' of dataset '{source.id}', which "
                        f"shares content with test sample '{test}' {of_fold}of dataset '{dataset.id}' ({shared})"
                    )
                    return Contamination("overlapping", reason)
    common = sorted(set(declaration.collections) & set(dataset.declaration.collections))
    if common:
        collections = ", ".join(common)
        reason = f"weights '{weights}' may have seen dataset '{dataset.id}': both come from {collections}"
        return Contamination("unknown", reason)
    if not declaration.seen and not declaration.collections:
        reason = f"weights '{weights}' may have seen dataset '{dataset.id}': what trained them is not declared"
        return Contamination("unknown", reason)
    return Contamination("clean")


def _described(
    catalogue: Catalogue, weights: str, dataset: Dataset, fold: Fold
) -> tuple[Contamination | None, tuple[str, ...]]:
    """Return what the description of a model says of a fold, None for nothing against it, and what it was trained on.

    Weights that are not on this machine yet have no description to read.
    """
    try:
        is_registered = weights in catalogue.weight_ids()
        path = catalogue.weights(weights).description() if is_registered else expanded(weights, "weights")
        names = () if path is None or not path.exists() else training_data(path)
    except (DataError, OSError) as error:  # no path at all, say: a name that is too long for one
        why = error.strerror if isinstance(error, OSError) else error
        return Contamination("unknown", f"weights '{weights}' may have seen dataset '{dataset.id}': {why}"), ()
    for name in names:
        for known in map(catalogue.dataset, catalogue.dataset_ids()):
            if name not in known.declaration.known_as:
                continue
            for seen in known.sample_ids():
                for test in fold.test:
                    shared = shared_content(catalogue, (known, seen), (dataset, test))
                    if shared:
                        reason = (
                            f"weights '{weights}' were trained on '{name}' by their description, which is dataset "
                            f"'{known.id}' and shares content with test sample '{test}' of dataset '{dataset.id}' "
                            f"({shared})"
                        )
                        return Contamination("overlapping", reason), names
    return None, names


def check_weights(catalogue: Catalogue, weights: str, dataset: Dataset, fold: Fold, where: str) -> None:
    """Raise `ConfigError` if weights were trained on, or chosen by, content of a test sample.

    There is no way around it: such a score would say nothing.
    """
    found = contamination(catalogue, weights, dataset, fold)
    if found.outcome == "overlapping":
        raise ConfigError(f"{where}: {found.reason}")


def trained_samples(dataset: Dataset, data: TrainingData) -> Iterator[str]:
    """Yield the samples that weights have seen; of a fold those of training and validation."""
    yield from data.samples
    for fold in dataset.splits.get(data.split, ()):
        if fold.id == data.fold:
            yield from fold.train
            yield from fold.validation


def shared_content(catalogue: Catalogue, first: tuple[Dataset, str], second: tuple[Dataset, str]) -> str:
    """Return what two samples, each with its dataset, share ("" for nothing)."""
    if (first[0].id, first[1]) == (second[0].id, second[1]):
        return "the same sample"
    if content_of(*first) == content_of(*second):
        return "equal hashes"
    one, other = region_of(*first), region_of(*second)
    if (one.dataset, one.source) != (other.dataset, other.source):
        one, other = origin_of(catalogue, one), origin_of(catalogue, other)
    if intersects(one, other):
        of_dataset = f" of dataset '{one.dataset}'" if first[0].id != second[0].id else ""
        return f"overlapping parts of '{one.source}'{of_dataset}"
    return ""


def region_of(dataset: Dataset, sample: str) -> Region:
    """Return which part of which uncropped sample of its dataset a sample is; crops of crops are followed."""
    return region_in(dataset.id, dataset.samples, sample)


def region_in(dataset: str, samples: Mapping[str, SampleDeclaration], sample: str) -> Region:
    """Return the region of a sample among the declared ones of its dataset; one that is not declared is whole."""
    declared = samples.get(sample)
    if declared is None or declared.source is None:
        return Region(dataset, sample)
    return _part(region_in(dataset, samples, declared.source), declared.crop)


def origin_of(catalogue: Catalogue, region: Region) -> Region:
    """Return the part of another dataset's sample that a region comes from; the region itself if it has no origin.

    An origin without a crop does not say where a part of it lies: all of it is meant then.
    """
    declared = catalogue.dataset(region.dataset).samples.get(region.source)
    origin = None if declared is None else declared.origin
    if origin is None:
        return region
    outer = region_of(catalogue.dataset(origin.dataset), origin.sample)
    if not origin.crop:
        return outer
    return _part(outer, _part(Region(outer.dataset, outer.source, origin.crop), region.bounds).bounds)


def _part(outer: Region, crop: tuple[tuple[int, int], ...]) -> Region:
    """Return a crop of a region, in coordinates of the region's source."""
    if not crop or not outer.bounds:
        return Region(outer.dataset, outer.source, crop or outer.bounds)
    moved = tuple(
        (start + origin, min(stop + origin, end))
        for (start, stop), (origin, end) in zip(crop, outer.bounds, strict=True)
    )
    return Region(outer.dataset, outer.source, moved)


def intersects(one: Region, other: Region) -> bool:
    """Whether two regions have a voxel in common; regions of two sources have none."""
    if (one.dataset, one.source) != (other.dataset, other.source):
        return False
    if not one.bounds or not other.bounds:
        return True
    return all(
        start < other_stop and other_start < stop
        for (start, stop), (other_start, other_stop) in zip(one.bounds, other.bounds, strict=True)
    )
