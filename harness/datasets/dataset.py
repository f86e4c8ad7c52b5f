"""A dataset: its samples, splits and availability, and the way from a sample's id to its arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.datasets.declared.checks import expand_split, is_discovered
from harness.datasets.declared.declaration import DatasetDeclaration, FolderDataset, GeneratedDataset, SampleDeclaration
from harness.datasets.fetching.availability import Availability
from harness.datasets.fetching.folder import discover
from harness.datasets.fetching.lockfile import Voucher
from harness.datasets.fetching.places import data_folder
from harness.datasets.generated import GeneratedKind
from harness.datasets.kinds import Kind
from harness.datasets.stored import StoredKind
from harness.errors import DataError, nearest
from harness.hashing import hash_value
from harness.model import Fold, Sample, Volume

__all__ = ["Availability", "Dataset", "LabelImages"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelImages(Mapping[str, Volume]):
    """The label images of a sample by name, each read when it is first asked for."""

    names: tuple[str, ...]
    read: Callable[[str], Volume]
    known: dict[str, Volume]

    def __getitem__(self, name: str) -> Volume:
        if name not in self.names:
            raise KeyError(f"no label '{name}'{nearest(name, self.names)}")
        if name not in self.known:
            self.known[name] = self.read(name)
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


class Dataset:
    """A declared dataset. Nothing is read or fetched before a method asks for it."""

    def __init__(self, name: str, declaration: DatasetDeclaration, folder: Path) -> None:
        self.id = name
        self.declaration = declaration
        self._folder = folder
        self._kind: Kind
        if isinstance(declaration, GeneratedDataset):
            self._kind = GeneratedKind(declaration)
        else:
            self._kind = StoredKind(name, declaration, folder)

    def __repr__(self) -> str:
        return f"Dataset({self.id!r})"

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the image channels, in the order of the array."""
        return self._kind.channels

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the label images, derived ones included."""
        return self._kind.label_names

    @property
    def samples(self) -> Mapping[str, SampleDeclaration]:
        """What is declared of each sample; one that is found in a folder need not be declared."""
        return self.declaration.samples

    @property
    def ndim(self) -> int:
        """2 or 3; 0 if the samples differ, or if nothing is declared of them."""
        found = {self._kind.ndim(sample) for sample in self.declaration.samples.values() if sample.source is None}
        found |= set() if found else {self._kind.ndim(SampleDeclaration())}
        return found.pop() if len(found) == 1 else 0

    def sample_ids(self) -> tuple[str, ...]:
        """Return the ids of all samples, crops included, in declared order (sorted, where a folder is searched).

        Where they are to be found in a folder and it is absent, there are none: `availability` says so. Raises
        `DataError` if the folder is inconsistent.
        """
        return self._sample_ids

    @cached_property
    def _sample_ids(self) -> tuple[str, ...]:
        declaration = self.declaration
        if isinstance(declaration, FolderDataset) and is_discovered(declaration):
            folder = data_folder(self._folder) / declaration.path
            found = discover(folder, declaration) if folder.is_dir() else ()
            return found + tuple(name for name, sample in declaration.samples.items() if sample.source is not None)
        return tuple(declaration.samples)

    @property
    def splits(self) -> Mapping[str, tuple[Fold, ...]]:
        """The folds of each named split; "all", unless declared, tests every sample that is not a crop.

        Raises `DataError` if a pattern of a split matches no sample of a folder that is there.
        """
        return self._splits

    @cached_property
    def _splits(self) -> Mapping[str, tuple[Fold, ...]]:
        declared = self.declaration.samples
        splits: dict[str, tuple[Fold, ...]] = {}
        for name, folds in self.declaration.splits.items():
            built: list[Fold] = []
            for fold, roles, problem in expand_split(folds, self.sample_ids(), declared):
                if problem is not None and self.availability().ok:
                    raise DataError(f"dataset '{self.id}', split '{name}': {problem[1]}")
                built.append(Fold(fold.id, roles["test"], roles["train"], roles["validation"]))
            splits[name] = tuple(built)
        whole = tuple(name for name in self.sample_ids() if name not in declared or declared[name].source is None)
        splits.setdefault("all", (Fold("", whole),))
        return splits

    def availability(self) -> Availability:
        """Return whether the data can be had now; if not, why, and what to do about it. Nothing is fetched."""
        return self._kind.availability()

    def sample_hash(self, sample: str) -> str:
        """Return the sha256 of what determines a sample: checksums or bytes of its files, how they are read, the crop.

        No network is used. A file whose hash nobody states counts by its address until it was fetched once, so
        `fetch` should come before anything is filed under this hash. Raises `DataError` for an unknown sample.
        """
        origin, declaration, crop = self._resolve(sample)
        return hash_value([self._kind.identity(origin, declaration), [list(interval) for interval in crop]])

    def fetch(self, progress: bool = False) -> None:
        """Fetch every file of the dataset that is not in the cache yet.

        Raises `FetchError`, `ChecksumError`, or `DataError` if the data cannot be had at all.
        """
        self._kind.fetch(progress=progress)

    def load(self, sample: str, *, channels: Sequence[str] = ()) -> Sample:
        """Return a sample, fetching its files if need be; `channels` reads only some, in the given order.

        The image has axes C + spatial where several channels are declared, spatial alone where one is. Labels are
        volumes of unsigned integers on the image's grid, read when they are asked for. Raises `DataError` if a file
        is absent, damaged or not as declared.
        """
        origin, declaration, crop = self._resolve(sample)
        for channel in channels:
            if channel not in self.channels:
                raise DataError(f"dataset '{self.id}': no channel '{channel}'{nearest(channel, self.channels)}")
        opened = self._kind.open(origin, declaration)
        image = opened.image(tuple(channels) or self.channels, crop)

        def read(label: str) -> Volume:
            volume = opened.label(label, crop)
            if volume.grid.shape != image.grid.shape:
                raise DataError(
                    f"dataset '{self.id}', sample '{sample}': label '{label}' has shape {volume.grid.shape}, "
                    f"the image {image.grid.shape}"
                )
            return volume

        labels = LabelImages(self.label_names, read, {})
        return Sample(self.id, sample, image, labels, self.sample_hash(sample))

    def provenance(self) -> dict[str, Any]:
        """Return licence, citation, addresses, checksums, and what pinned hashes rest on (`FileSet.provenance`)."""
        declaration = self.declaration
        result: dict[str, Any] = {
            "id": self.id,
            "title": declaration.title,
            "kind": declaration.kind,
            "availability": declaration.availability,
            "licence": declaration.licence,
            "citation": declaration.citation,
        }
        result.update(self._kind.provenance())
        return result

    def vouchers(self) -> Mapping[str, Voucher]:
        """Return what the hash of each file that `fetch` verifies rests on, by file name, as far as it is known."""
        return self._kind.vouchers()

    def _resolve(self, sample: str) -> tuple[str, SampleDeclaration, tuple[tuple[int, int], ...]]:
        """Return the sample to read from, its declaration, and the crop to cut."""
        if sample not in self.sample_ids():
            raise DataError(f"dataset '{self.id}': no sample '{sample}'{nearest(sample, self.sample_ids())}")
        declared = self.declaration.samples.get(sample, SampleDeclaration())
        if declared.source is None:
            return sample, declared, ()
        return declared.source, self.declaration.samples.get(declared.source, SampleDeclaration()), declared.crop
