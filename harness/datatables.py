"""Tables of data: facts computed from datasets, splits and registered weights, beside what the source prints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from harness.errors import ConfigError, HarnessError
from harness.model import Sample, Tier, Volume
from harness.suite.catalogue import CatalogueView, DatasetView
from harness.suite.datarows import matching_weights, row_source
from harness.suite.schema import DataRowSpec, DataSource, PrintedValue
from harness.suite.suite import Suite

Value = str | int | float | tuple[str, ...] | tuple[int, ...] | tuple[float, ...]
Outcome = Literal["reproduced", "not reproduced", "not comparable", "missing"]
OPEN = "open-direct-download"
SPARSE_IDS = 1_000_000
"""Label images with higher ids are renumbered before objects are looked up by id."""


class LoadableDataset(DatasetView, Protocol):
    """A dataset whose samples can be read."""

    def load(self, sample_id: str, /) -> Sample:
        """Return a sample."""


class LoadableCatalogue(CatalogueView, Protocol):
    """A catalogue of datasets whose samples can be read."""

    def dataset(self, dataset_id: str, /) -> LoadableDataset:
        """Return a dataset."""


@dataclass(frozen=True, slots=True)
class ValueVerdict:
    """What can be said about one printed value of a data table, and why."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DataTableRow:
    """One row: what was computed (nothing where `missing` says why), what is printed, and the verdict on each value.

    `stated` are printed facts that no file holds.
    """

    id: str
    title: str
    computed: Mapping[str, Value]
    printed: Mapping[str, PrintedValue]
    stated: Mapping[str, PrintedValue]
    verdicts: Mapping[str, ValueVerdict]
    missing: str = ""


def compute_data_table(suite: Suite, tier: Tier, catalogue: LoadableCatalogue) -> tuple[DataTableRow, ...]:
    """Return the rows of a data table on a tier; samples are read (and fetched) where a value needs them.

    A row whose data cannot be had is returned with the reason. Raises `ConfigError` for a suite of another kind or a
    tier that the suite has not.
    """
    suite.tier(tier)
    if suite.table is None:
        raise ConfigError(f"suite '{suite.id}' is of kind '{suite.kind}', not 'data-table'")
    return tuple(_row(suite, row, tier, catalogue) for row in suite.data_rows)


def _row(suite: Suite, row: DataRowSpec, tier: Tier, catalogue: LoadableCatalogue) -> DataTableRow:
    source = row_source(row, tier)
    computed: Mapping[str, Value] = {}
    missing = ""
    try:
        computed = _computed(suite, source, catalogue)
    except HarnessError as error:
        missing = str(error)
    verdicts = {
        name: _verdict(computed.get(name), printed, row.tolerance.get(name, 0.0), tier, missing)
        for name, printed in row.values.items()
    }
    for name, conflict in row.conflict.items():
        if name in verdicts:
            reason = "; ".join(filter(None, (verdicts[name].reason, conflict)))
            verdicts[name] = ValueVerdict(verdicts[name].outcome, reason)
    return DataTableRow(row.id, row.title or row.id, computed, row.values, row.stated, verdicts, missing)


def _computed(suite: Suite, source: DataSource, catalogue: LoadableCatalogue) -> Mapping[str, Value]:
    if suite.table == "weights-inventory":
        return weights_inventory(source.weights or (), catalogue)
    dataset = catalogue.dataset(source.dataset or "")
    if suite.table == "folds":
        return fold_members(dataset, source.split or "", source.fold or "")
    facts = dataset_facts(dataset)
    if source.sample is None:
        return facts
    found = dataset.availability()
    if not found.ok:
        raise ConfigError(f"dataset '{dataset.id}': {found.reason}")
    return {**facts, **sample_facts(dataset.load(source.sample), source.label)}


def dataset_facts(dataset: DatasetView) -> dict[str, Value]:
    """Return what the declaration of a dataset says: samples, channels, labels, dimensions."""
    return {
        "samples": len(dataset.sample_ids()),
        "channels": tuple(dataset.channels),
        "labels": tuple(dataset.label_names),
        "dimensions": dataset.ndim,
    }


def sample_facts(sample: Sample, label: str | None) -> dict[str, Value]:
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
        if label not in sample.labels:
            raise ConfigError(f"sample '{sample.id}' of dataset '{sample.dataset}' has no label image '{label}'")
        facts["count"], facts["object_extent_zyx"] = object_facts(sample.labels[label])
    return facts


def object_facts(labels: Volume) -> tuple[int, tuple[float, ...]]:
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


def fold_members(dataset: DatasetView, split: str, fold: str) -> dict[str, Value]:
    """Return the samples of one fold; the order within training and validation has no meaning and is by name.

    Raises `ConfigError` for a split or fold that the dataset has not.
    """
    for known in dataset.splits.get(split, ()):
        if known.id == fold:
            return {
                "test": known.test,
                "train": tuple(sorted(known.train)),
                "validation": tuple(sorted(known.validation)),
            }
    raise ConfigError(f"dataset '{dataset.id}' has no fold '{fold}' in a split '{split}'")


def weights_inventory(patterns: Iterable[str], catalogue: CatalogueView) -> dict[str, Value]:
    """Return how many registered weights match the patterns, and how many of them anyone may download."""
    names = matching_weights(patterns, catalogue.weight_ids())
    is_open = [catalogue.weights(name).declaration.availability == OPEN for name in names]
    return {"count": len(names), "open": sum(is_open)}


def _verdict(computed: Value | None, printed: PrintedValue, tolerance: float, tier: Tier, missing: str) -> ValueVerdict:
    if tier != "paper":
        return ValueVerdict("not comparable", f"tier '{tier}' has other data than the printed value")
    if missing:
        return ValueVerdict("missing", missing)
    if computed is None:
        return ValueVerdict("missing", "the data does not say it")
    if _agrees(computed, printed, tolerance):
        return ValueVerdict("reproduced")
    allowed = f" (allowed difference: {tolerance:g})" if tolerance else ""
    return ValueVerdict("not reproduced", f"computed {computed!r}, printed {printed!r}{allowed}")


def _agrees(computed: Any, printed: Any, tolerance: float) -> bool:
    if isinstance(computed, Sequence) and not isinstance(computed, str):
        is_list = isinstance(printed, Sequence) and not isinstance(printed, str)
        return (
            is_list
            and len(computed) == len(printed)
            and all(_agrees(one, other, tolerance) for one, other in zip(computed, printed, strict=True))
        )
    if isinstance(computed, str) or isinstance(printed, str):
        return bool(computed == printed)
    return abs(computed - printed) <= tolerance or math.isclose(computed, printed, rel_tol=1e-12)
