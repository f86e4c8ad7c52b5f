"""What every kind of dataset offers: samples that open, and how derived labels and crops come from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.datasets.declared.declaration import DerivedLabels, SampleDeclaration
from harness.datasets.fetching.availability import Availability
from harness.datasets.fetching.lockfile import Voucher
from harness.datasets.phantoms.corruption import CORRUPTION_VERSION, corrupt
from harness.errors import DataError
from harness.model import Volume

Crop = tuple[tuple[int, int], ...]


class OpenedSample(ABC):
    """A whole sample whose arrays can be read, by channel and label name."""

    @abstractmethod
    def image(self, channels: tuple[str, ...], crop: Crop) -> Volume:
        """Return the named channels: one without, several with a channel axis."""

    @abstractmethod
    def label(self, name: str, crop: Crop) -> Volume:
        """Return a label image."""


class Kind(ABC):
    """What a dataset needs of its kind: generated samples, or samples stored in files."""

    channels: tuple[str, ...]
    label_names: tuple[str, ...]

    @abstractmethod
    def axes(self, sample: SampleDeclaration) -> str:
        """Return the spatial axes of a whole sample, "" where none are declared."""

    @abstractmethod
    def identity(self, name: str, sample: SampleDeclaration) -> Any:
        """Return JSON that determines the content of a whole sample."""

    @abstractmethod
    def open(self, name: str, sample: SampleDeclaration) -> OpenedSample:
        """Return a whole sample, its files fetched."""

    @abstractmethod
    def fetch(self, *, progress: bool) -> None:
        """Fetch every file."""

    @abstractmethod
    def to_fetch(self) -> Mapping[str, int | None]:
        """Return the files that must be downloaded, with their sizes as far as they are stated."""

    @abstractmethod
    def provenance(self) -> dict[str, Any]:
        """Return where the data come from."""

    @abstractmethod
    def vouchers(self) -> Mapping[str, Voucher]:
        """Return what the hash of each verified file rests on, as far as it is known."""

    @abstractmethod
    def availability(self) -> Availability:
        """Return whether the data can be had now, looking at disks only."""


def corrupted(labels: Volume, how: DerivedLabels) -> Volume:
    """Return labels with the declared errors put in."""
    array = corrupt(
        labels.array,
        merges=how.merges,
        splits=how.splits,
        misses=how.misses,
        seed=how.seed,
        spacing_um=labels.spacing_um,
    )
    return Volume(array, labels.axes, labels.spacing_um)


def derived_identity(label: DerivedLabels) -> Any:
    """Return JSON that determines how a label is derived."""
    return [CORRUPTION_VERSION, label.model_dump(mode="json")]


def cut(volume: Volume, crop: Crop) -> Volume:
    """Return a crop ([start, stop) per spatial axis) of a volume, with all its channels; the whole for none."""
    if not crop:
        return volume
    offset = volume.axes.startswith("C")
    for axis, size, (start, stop) in zip(volume.grid.axes, volume.grid.shape, crop, strict=True):
        if stop > size:
            raise DataError(f"crop [{start}, {stop}) lies outside axis {axis} of size {size}")
    region = (slice(None),) * offset + tuple(slice(start, stop) for start, stop in crop)
    return Volume(np.ascontiguousarray(volume.array[region]), volume.axes, volume.spacing_um, volume.channels)
