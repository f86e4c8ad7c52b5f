"""What a chain reads: values that are made when they are first read, each with the key of its content."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

from harness.datasets.opening import mask_remark
from harness.errors import ChainError, DataError, nearest
from harness.hashing import hash_value
from harness.metrics.blocks import where_label
from harness.model import DataSelection, Sample, Volume
from harness.stages.values import Value

if TYPE_CHECKING:
    from harness.datasets import Catalogue

T = TypeVar("T")

SAMPLE_BYTES = 1 << 30
"""Bytes of samples that a worker keeps in memory between cells."""


class Source:
    """What stands in a slot, and the key of its content; the value is made on first use and kept."""

    def __init__(self, key: str, make: Callable[[], Value]) -> None:
        self.key = key
        self._make = make
        self._value: Value | None = None

    def value(self) -> Value:
        """Return the value; raises whatever reading or computing it raises."""
        if self._value is None:
            self._value = self._make()
        return self._value

    def volume(self) -> Volume:
        """Return the value of a slot that holds volumes; raises `ChainError` for another one."""
        value = self.value()
        if not isinstance(value, Volume):
            raise ChainError(f"found a {type(value).__name__}; accepted: a Volume")
        return value


class Recent(Generic[T]):
    """The most recently used items up to a total size; the newest always stays."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._total = 0.0
        self._items: OrderedDict[Hashable, tuple[T, float]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T], *, size: Callable[[T], float] = lambda item: 1.0) -> T:
        """Return the item of a key, made if it is not there; the oldest items make room."""
        if key not in self._items:
            item = make()
            self._items[key] = (item, size(item))
            self._total += self._items[key][1]
        self._items.move_to_end(key)
        while len(self._items) > 1 and self._total > self._limit:
            _, (_, gone) = self._items.popitem(last=False)
            self._total -= gone
        return self._items[key][0]

    def clear(self) -> None:
        """Forget every item."""
        self._items.clear()
        self._total = 0.0


class SampleSlots:
    """The slots that samples provide: image with the selected channels, truth, further label images."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._samples: Recent[Sample] = Recent(SAMPLE_BYTES)
        self._hashes: dict[tuple[str, str], str] = {}
        self._looked_at: set[tuple[str, str]] = set()

    def sample(self, dataset: str, sample: str, channels: tuple[str, ...]) -> Sample:
        """Return a sample with the named channels (all if none is named), read again only when long unused."""
        return self._samples.get(
            (dataset, sample, channels),
            lambda: self._catalogue.dataset(dataset).load(sample, channels=channels),
            size=lambda item: 2.0 * item.image.array.nbytes,  # labels are read later and are about as large
        )

    def content_hash(self, dataset: str, sample: str) -> str:
        """Return the hash of a sample's content without reading it."""
        if (dataset, sample) not in self._hashes:
            self._hashes[dataset, sample] = self._catalogue.dataset(dataset).sample_hash(sample)
        return self._hashes[dataset, sample]

    def slots(self, selection: DataSelection, sample: str, *, truth: str) -> dict[str, Source]:
        """Return the slots of one sample; `truth` names the label image that stands in the slot "truth"."""
        content = self.content_hash(selection.dataset, sample)
        image = Source(
            hash_value(["image", content, list(selection.channels)]),
            lambda: self.sample(selection.dataset, sample, selection.channels).image,
        )
        further = {slot: self.label(selection, sample, name) for slot, name in selection.reads}
        return {"image": image, "truth": self.label(selection, sample, truth), **further}

    def label(self, selection: DataSelection, sample: str, name: str) -> Source:
        """Return a label image of a sample."""
        content = self.content_hash(selection.dataset, sample)

        def read() -> Volume:
            return _label(self.sample(selection.dataset, sample, selection.channels), name)

        return Source(hash_value(["label", content, name]), read)

    def ignored(self, selection: DataSelection, sample: str, truth: Source, ignore: int | str | None) -> Source | None:
        """Return where nothing is to be taught: where a truth has a label, or where a label image is not 0."""
        if ignore is None:
            return None
        if isinstance(ignore, str):
            return self.label(selection, sample, ignore)

        def mark() -> Volume:
            labels = truth.volume()
            return Volume(where_label(labels.array, ignore), labels.axes, labels.spacing_um)

        return Source(hash_value(["ignored", ignore, truth.key]), mark)

    def declared_ignore(self, dataset: str) -> int | str | None:
        """Return the label, or the label image, that a dataset declares as not to be scored or taught."""
        said = self._catalogue.dataset(dataset).declaration.ignore
        return said if said is None or isinstance(said, int) else said.image

    def mask_remark(self, selection: DataSelection, sample: str) -> str:
        """Return what is to be said of a truth that may be the mask of a foreground, "" for most.

        One sample of each dataset is looked at.
        """
        dataset, label = self._catalogue.dataset(selection.dataset), selection.truth
        if (dataset.id, label) in self._looked_at or label not in dataset.label_names:
            return ""
        self._looked_at.add((dataset.id, label))
        return mask_remark(dataset, sample, label, self.label(selection, sample, label).volume())

    def forget(self) -> None:
        """Drop every sample: one of them may have been changed in place."""
        self._samples.clear()


def _label(sample: Sample, name: str) -> Volume:
    if name not in sample.labels:
        raise DataError(
            f"sample '{sample.id}' of dataset '{sample.dataset}' has no label image '{name}'"
            f"{nearest(name, sample.labels)}"
        )
    return sample.labels[name]
