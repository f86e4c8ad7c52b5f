"""Refusal of folds whose training or validation data contains what is tested."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import ConfigError
from harness.model import Fold
from harness.suite.catalogue import DatasetView, content_of


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a source sample: start and stop per spatial axis, no bounds for all of it."""

    source: str
    bounds: tuple[tuple[int, int], ...] = ()


def check_overlap(dataset: DatasetView, fold: Fold, where: str) -> None:
    """Raise `ConfigError` if a training or validation sample shares content with a test sample.

    Content is shared by samples with one hash, and by crops of one source sample that intersect.
    """
    for role, samples in (("training", fold.train), ("validation", fold.validation)):
        for sample in samples:
            for test in fold.test:
                shared = shared_content(dataset, sample, test)
                if shared:
                    raise ConfigError(
                        f"{where}: {role} sample '{sample}' of fold '{fold.id}' of dataset '{dataset.id}' "
                        f"shares content with test sample '{test}' ({shared})"
                    )


def shared_content(dataset: DatasetView, first: str, second: str) -> str:
    """Return what two samples of a dataset share ("" for nothing)."""
    if first == second:
        return "the same sample"
    if content_of(dataset, first) == content_of(dataset, second):
        return "equal hashes"
    one, other = region_of(dataset, first), region_of(dataset, second)
    if one.source == other.source and intersects(one, other):
        return f"overlapping crops of '{one.source}'"
    return ""


def region_of(dataset: DatasetView, sample: str) -> Region:
    """Return which part of which uncropped sample a sample is; crops of crops are followed to the end."""
    declared = dataset.declaration.samples.get(sample)
    if declared is None or declared.source is None:
        return Region(sample)
    outer = region_of(dataset, declared.source)
    if not declared.crop or not outer.bounds:
        return Region(outer.source, declared.crop or outer.bounds)
    moved = tuple(
        (start + origin, min(stop + origin, end))
        for (start, stop), (origin, end) in zip(declared.crop, outer.bounds, strict=True)
    )
    return Region(outer.source, moved)


def intersects(one: Region, other: Region) -> bool:
    """Whether two regions of one source have a voxel in common."""
    if not one.bounds or not other.bounds:
        return True
    return all(
        start < other_stop and other_start < stop
        for (start, stop), (other_start, other_stop) in zip(one.bounds, other.bounds, strict=True)
    )
