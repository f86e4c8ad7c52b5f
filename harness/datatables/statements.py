"""What a row of a data table is computed from, under which key, and the computation itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.datasets.content import content_of
from harness.datatables.patches import patch_statements
from harness.errors import ConfigError, DataError
from harness.hashing import hash_value
from harness.model import Sample, Tier, Volume
from harness.suite.datarows import matching_weights, row_source
from harness.suite.schema import DataRowSpec, DataSource, DataTable
from harness.suite.suite import Suite

if TYPE_CHECKING:
    from harness.datasets import Catalogue, Dataset

Value: TypeAlias = str | int | float | tuple[str, ...] | tuple[int, ...] | tuple[float, ...]

VERSION = 1
"""Part of every key; raised when a fact is computed differently, so that stored ones are computed again."""
OPEN = "open-direct-download"
SPARSE_IDS = 1_000_000
"""Label images with higher ids are renumbered before objects are looked up by id."""


@dataclass(frozen=True, slots=True)
class StatementInputs:
    """What a row is computed from on a tier.

    declared  facts that need no data
    data      content hashes by "dataset/sample" or by weights id
    key       hash of all of it: facts stored under the same key need not be computed again
    """

    table: DataTable
    source: DataSource
    declared: Mapping[str, Value]
    data: Mapping[str, str]

    @property
    def key(self) -> str:
        """Hash of everything that determines the facts; content hashes do where a sample is read."""
        source = self.source.model_dump(exclude_none=True)
        return hash_value([VERSION, self.table, source, dict(self.declared), dict(self.data) if self.reads else {}])

    @property
    def reads(self) -> bool:
        """Whether a sample has to be read."""
        return self.source.sample is not None


def statement_inputs(suite: Suite, row: DataRowSpec, tier: Tier, catalogue: Catalogue) -> StatementInputs:
    """Return what a row of a data table is computed from; needs no data, only declarations.

    Raises `ConfigError` for a suite of another kind or for a name that the catalogue does not have, `DataError` where
    data that is here cannot be hashed.
    """
    table = suite.file.table
    if table is None:
        raise ConfigError(f"suite '{suite.id}' is of kind '{suite.kind}', not 'data-table'")
    source = row_source(row, tier)
    if table == "weights-inventory":
        names = matching_weights(source.weights or (), catalogue.weight_ids())
        return StatementInputs(table, source, weights_statements(names, catalogue), _weights_hashes(names, catalogue))
    if table == "patches":
        return StatementInputs(
            table, source, patch_statements(source.volume or (), source.feasible or (), source.levels or 0), {}
        )
    dataset = catalogue.dataset(source.dataset or "")
    samples: Iterable[str] = () if source.sample is None else (source.sample,)
    declared: Mapping[str, Value] = {}
    if table == "folds":
        declared, samples = fold_statements(dataset, source.split or "", source.fold or "")
    elif table == "availability":
        declared = availability_statements(dataset)
    elif table == "channels":
        declared = channel_statements(dataset, source)
    else:
        declared = dataset_statements(dataset, with_counts=source.sample is None)
    hashes = {f"{dataset.id}/{sample}": content_of(dataset, sample) for sample in samples}
    return StatementInputs(table, source, declared, hashes)


def compute_statements(inputs: StatementInputs, catalogue: Catalogue) -> dict[str, Value]:
    """Return every fact of a row; a sample is read, and fetched, where one is named.

    Raises `DataError` if the data cannot be had, `ConfigError` for a label image that the sample has not.
    """
    source = inputs.source
    if source.sample is None:
        return dict(inputs.declared)
    dataset = catalogue.dataset(source.dataset or "")
    found = dataset.availability()
    if not found.ok:
        raise DataError(f"dataset '{dataset.id}': {found}")
    sample = dataset.load(source.sample, channels=() if source.channel is None else (source.channel,))
    if inputs.table != "channels":
        return {**inputs.declared, **sample_statements(sample, source.label)}
    volume = sample.image if source.label is None else _label(sample, source.label)
    return {**inputs.declared, **array_statements(volume, is_label=source.label is not None)}


def dataset_statements(dataset: Dataset, *, with_counts: bool) -> dict[str, Value]:
    """Return what the declaration of a dataset says: channels and labels, and numbers of samples and dimensions."""
    names: dict[str, Value] = {"channels": tuple(dataset.channels), "labels": tuple(dataset.label_names)}
    return {"samples": len(dataset.sample_ids()), "dimensions": dataset.ndim, **names} if with_counts else names


def availability_statements(dataset: Dataset) -> dict[str, Value]:
    """Return class of availability and licence of a dataset, and the voxel size where all of it has one."""
    declaration = dataset.declaration
    facts: dict[str, Value] = {"availability": declaration.availability, "licence": declaration.licence}
    spacing = getattr(declaration, "spacing_um", ())  # generated datasets declare theirs per sample
    return {**facts, "spacing_xyz": tuple(spacing)[::-1]} if spacing else facts


def channel_statements(dataset: Dataset, source: DataSource) -> dict[str, Value]:
    """Return role and origin of one channel or label image.

    Raises `ConfigError` for a channel or label image that the dataset has not.
    """
    kind, name, known = "channel", source.channel, dataset.channels
    if source.label is not None:
        kind, name, known = "label image", source.label, dataset.label_names
    if name not in known:
        raise ConfigError(f"dataset '{dataset.id}' has no {kind} '{name}'; it has: {', '.join(known) or 'none'}")
    is_generated = dataset.declaration.availability == "generated"
    parent = getattr(dataset.declaration.labels.get(name), "source", "") if source.label is not None else ""
    origin = f"derived from {parent}" if parent else "generated" if is_generated else "stored"
    return {"role": "raw" if source.label is None else "label", "origin": origin}


def sample_statements(sample: Sample, label: str | None) -> dict[str, Value]:
    """Return shape, spacing and extent of a sample, and count and median extent of the objects of a label image.

    Spacing and extent are absent where the spacing is unknown, object facts where no label image is named. Raises
    `ConfigError` for a label image that the sample has not.
    """
    grid = sample.image.grid
    facts: dict[str, Value] = {"shape": grid.shape}
    if grid.spacing_um is not None:
        facts["spacing_zyx"] = grid.spacing_um
        facts["spacing_xyz"] = grid.spacing_um[::-1]
        facts["extent_zyx"] = tuple(n * step for n, step in zip(grid.shape, grid.spacing_um, strict=True))
    if label is not None:
        facts["count"], facts["object_extent_zyx"] = object_statements(_label(sample, label))
    return facts


def array_statements(volume: Volume, *, is_label: bool) -> dict[str, Value]:
    """Return type and range of an array, and the number of objects of a label image; an empty array has no range."""
    array = volume.array
    facts: dict[str, Value] = {"type": str(array.dtype)}
    if array.size:
        facts["range"] = (array.min().item(), array.max().item())
    return {**facts, "count": object_statements(volume)[0]} if is_label else facts


def object_statements(labels: Volume) -> tuple[int, tuple[float, ...]]:
    """Return the number of objects and the median extent of their bounding boxes in voxels, per axis.

    `labels`: unsigned integers on axes (Z)YX, 0 is background. Without objects the extents are 0.
    """
    import numpy as np
    from scipy import ndimage

    numbered = labels.array
    if not numbered.any():
        return 0, (0.0,) * numbered.ndim
    if int(numbered.max()) > SPARSE_IDS:
        ids, consecutive = np.unique(numbered, return_inverse=True)
        numbered = consecutive.reshape(numbered.shape) + (0 if ids[0] == 0 else 1)
    boxes = [box for box in ndimage.find_objects(numbered.astype(np.int32)) if box is not None]
    extents = [[part.stop - part.start for part in box] for box in boxes]
    return len(boxes), tuple(float(extent) for extent in np.median(extents, axis=0))


def fold_statements(dataset: Dataset, split: str, fold: str) -> tuple[dict[str, Value], tuple[str, ...]]:
    """Return the members of one fold under their names in the source, and the ids of all of them.

    A sample with a single tag goes by it. The order within training and validation has no meaning: they are sorted.
    Raises `ConfigError` for a split or fold that the dataset has not.
    """

    def name(sample: str) -> str:
        declared = dataset.declaration.samples.get(sample)
        return declared.tags[0] if declared is not None and len(declared.tags) == 1 else sample

    for known in dataset.splits.get(split, ()):
        if known.id == fold:
            named: dict[str, Value] = {
                "test": tuple(map(name, known.test)),
                "train": tuple(sorted(map(name, known.train))),
                "validation": tuple(sorted(map(name, known.validation))),
            }
            return named, tuple(dict.fromkeys((*known.test, *known.train, *known.validation)))
    raise ConfigError(f"dataset '{dataset.id}' has no fold '{fold}' in a split '{split}'")


def weights_statements(names: Sequence[str], catalogue: Catalogue) -> dict[str, Value]:
    """Return the entries that weights belong to, how many they are, may be downloaded, and have a stated checksum."""
    declared = [catalogue.weights(name).declaration for name in names]
    return {
        "entries": tuple(dict.fromkeys(name.partition("/")[0] for name in names)),
        "count": len(names),
        "open": sum(one.availability == OPEN for one in declared),
        "checksums": sum(bool(one.files) and all(file.checksum for file in one.files) for one in declared),
    }


def _weights_hashes(names: Iterable[str], catalogue: Catalogue) -> dict[str, str]:
    hashes = {}
    for name in names:
        try:
            hashes[name] = catalogue.weights(name).hash()
        except DataError:  # a local path that is absent here is still registered
            hashes[name] = f"unavailable: {name}"
    return hashes


def _label(sample: Sample, name: str) -> Any:
    if name not in sample.labels:
        raise ConfigError(f"sample '{sample.id}' of dataset '{sample.dataset}' has no label image '{name}'")
    return sample.labels[name]
