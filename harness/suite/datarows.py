"""Rows of data tables: what can be computed, from what, and whether the catalogue has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.errors import HarnessError, nearest
from harness.model import Tier
from harness.suite.schema import DataRowSpec, DataSource, DataTable
from harness.suite.suite import Suite
from harness.toml_lines import KeyPath

if TYPE_CHECKING:
    from harness.datasets import Catalogue, Dataset

COMPUTED: dict[DataTable, dict[str, str]] = {
    "dataset-summary": {
        "samples": "number of samples of the dataset",
        "channels": "names of the image channels",
        "labels": "names of the label images",
        "dimensions": "2 or 3; 0 where samples differ",
        "count": "objects of the label image of the sample",
        "shape": "voxels per spatial axis, in array order",
        "spacing_zyx": "micrometres per voxel, in array order",
        "spacing_xyz": "micrometres per voxel, x first",
        "extent_zyx": "micrometres per axis of the whole image, in array order",
        "object_extent_zyx": "median extent of an object's bounding box in voxels, in array order",
    },
    "channels": {
        "role": "'raw' for an image channel, 'label' for a label image",
        "origin": "'stored', 'generated', or the label image it is derived from",
        "type": "type of the numbers in the file, as the harness reads them",
        "range": "smallest and largest number in the sample",
        "count": "objects of the label image in the sample",
    },
    "folds": {
        "test": "test samples, under their name in the source",
        "train": "training samples, sorted, under their names in the source",
        "validation": "validation samples, sorted, under their names in the source",
    },
    "weights-inventory": {
        "entries": "ids of the registered weights, without the fold",
        "count": "registered weights whose id matches",
        "open": "of these, how many anyone may download",
        "checksums": "of these, how many have a checksum in datasets.toml; the first download pins the others",
    },
    "availability": {
        "availability": "class of availability of the dataset",
        "licence": "licence of the dataset",
        "spacing_xyz": "micrometres per voxel, x first, where the dataset declares it",
    },
    "patches": {
        "halo": "pixels per side, the sum over the convolutions of a plain U-Net (thesis equation 3.1)",
        "halo_exact": "pixels per side with which a tile is predicted as the whole volume, batch norm given",
        "patch_code": "sides of the patch without halo, by PlantSeg's code; 'none' where it has no voxel",
        "halo_code": "halo per side of that patch",
        "used_code": "voxels that the network then sees, as a share of what fits in memory: above 1 it does not fit",
        "patch_printed": "sides of the patch without halo, by thesis algorithm 2 to the letter",
        "halo_printed": "halo per side of that patch",
        "used_printed": "voxels that the network then sees, as a share of what fits in memory",
        "agree": "'yes' where both rules give one patch and one halo",
    },
}
"""Every value a data table can compute, with its meaning."""

OF_NO_DATA: tuple[DataTable, ...] = ("patches",)
"""Tables computed from numbers in the suite alone: every tier has the values that are printed."""

OF_SAMPLE: dict[DataTable, tuple[str, ...]] = {
    "dataset-summary": ("count", "shape", "spacing_zyx", "spacing_xyz", "extent_zyx", "object_extent_zyx"),
    "channels": ("type", "range", "count"),
}
"""Values that are read from a sample, by table; all others are declared."""


def computed_names(table: DataTable) -> tuple[str, ...]:
    """Return the names of the values that a data table computes."""
    return tuple(COMPUTED[table])


def row_source(row: DataRowSpec, tier: Tier) -> DataSource:
    """Return what a row is computed from on a tier: the tier's source laid over the row's, key by key."""
    over = row.tiers.get(tier) or DataSource()
    return DataSource(
        dataset=over.dataset or row.dataset,
        sample=over.sample or row.sample,
        label=over.label or row.label,
        split=over.split or row.split,
        fold=over.fold or row.fold,
        channel=over.channel or row.channel,
        weights=over.weights or row.weights,
        volume=over.volume or row.volume,
        feasible=over.feasible or row.feasible,
        levels=over.levels or row.levels,
        absent=over.absent if tier in row.tiers else row.absent,
    )


def matching_weights(patterns: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the known weight ids that match one of the patterns, in the order known."""
    wanted = tuple(patterns)
    return tuple(name for name in known if any(fnmatchcase(name, pattern) for pattern in wanted))


def data_row_problems(suite: Suite, catalogue: Catalogue) -> Iterator[str]:
    """Yield what rows of a data table name and the catalogue does not have."""
    for number, row in enumerate(suite.data_rows):
        for tier in suite.tiers:
            own = tier in row.tiers
            key: KeyPath = ("data_rows", number, "tiers", tier) if own else ("data_rows", number)
            yield from _source_problems(suite, row, tier, catalogue, key)


def _source_problems(suite: Suite, row: DataRowSpec, tier: Tier, catalogue: Catalogue, key: KeyPath) -> Iterator[str]:
    source = row_source(row, tier)
    if source.absent:
        return
    if suite.file.table == "weights-inventory":
        if not source.weights:
            yield str(suite.source_file.error(key, f"row '{row.id}' names no weights"))
        return
    if suite.file.table == "patches":
        yield from _patch_problems(suite, row, source, key)
        return
    if source.dataset is None:
        yield str(suite.source_file.error(key, f"row '{row.id}' names no dataset"))
        return
    try:
        dataset = catalogue.dataset(source.dataset)
    except HarnessError as error:
        yield str(suite.source_file.error((*key, "dataset"), str(error)))
        return
    for kind, name, accepted in _named(suite.file.table, source, row, dataset):
        if name is None:
            yield str(suite.source_file.error(key, f"row '{row.id}' names no {kind}"))
        elif name not in accepted:
            problem = f"dataset '{dataset.id}' has no {kind} '{name}'{nearest(name, accepted)}"
            yield str(suite.source_file.error((*key, kind), problem))


def _patch_problems(suite: Suite, row: DataRowSpec, source: DataSource, key: KeyPath) -> Iterator[str]:
    for name in ("volume", "feasible", "levels"):
        if getattr(source, name) is None:
            yield str(suite.source_file.error(key, f"row '{row.id}' states no {name}"))
    sides = [len(given) for given in (source.volume, source.feasible) if given is not None]
    if any(count not in (2, 3) for count in sides) or len(set(sides)) > 1:
        found = " and ".join(map(str, sides))
        problem = f"row '{row.id}': volume and feasible have {found} sides; accepted: 2 or 3, as many in both"
        yield str(suite.source_file.error((*key, "volume"), problem))


def _named(
    table: DataTable | None, source: DataSource, row: DataRowSpec, dataset: Dataset
) -> Iterator[tuple[str, str | None, list[str]]]:
    """Yield kind, name and accepted names of everything a source must or does name within its dataset."""
    if table == "folds":
        folds = [fold.id for fold in dataset.splits.get(source.split or "", ())]
        yield "split", source.split, list(dataset.splits)
        yield "fold", "" if source.fold is None and "" in folds else source.fold, folds
        return
    read = {name for name in row.values if name in OF_SAMPLE.get(table or "availability", ())}
    if source.sample is not None or read:
        yield "sample", source.sample, list(dataset.sample_ids())
    if table == "channels" and source.label is None:
        yield "channel", source.channel, list(dataset.channels)
    if source.label is not None or read & {"count", "object_extent_zyx"}:
        yield "label", source.label, list(dataset.label_names)
