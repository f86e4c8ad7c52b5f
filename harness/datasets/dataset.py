"""A dataset: its samples, splits and availability, and the way from a sample's id to its arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.datasets.declared.checks import expand_split, is_discovered
from harness.datasets.declared.declaration import (
    DatasetDeclaration,
    FolderDataset,
    GeneratedDataset,
    PlaneSample,
    SampleDeclaration,
)
from harness.datasets.fetching.availability import Availability
from harness.datasets.fetching.folder import discover
from harness.datasets.fetching.lockfile import Voucher
from harness.datasets.fetching.places import data_folder
from harness.datasets.formats.labels import looks_like_a_mask, only_label
from harness.datasets.generated import GeneratedKind
from harness.datasets.kinds import Kind
from harness.datasets.stored import StoredKind
from harness.datasets.views import UNBOUNDED, View, with_planes
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
        self._counts: dict[str, tuple[int, ...]] = {}
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
        """What is declared of each sample and of its planes; one that is found in a folder need not be declared."""
        return self._samples

    @cached_property
    def _samples(self) -> Mapping[str, SampleDeclaration]:
        samples = dict(self.declaration.samples)
        if self.declaration.planes is not None:
            samples.update({name: SampleDeclaration() for name in self._found if name not in samples})
        return with_planes(samples, self.declaration.planes, lambda sample: self._kind.axes(self._root(sample)))

    def _root(self, sample: SampleDeclaration) -> SampleDeclaration:
        """Return the declaration of the whole sample that another is cut from."""
        return self.declaration.samples.get(sample.source or "", SampleDeclaration()) if sample.source else sample

    @property
    def ndim(self) -> int:
        """2 or 3; 0 if the samples differ, or if nothing is declared of them."""
        declared = self.declaration
        found = {
            len(self._kind.axes(sample)) - bool(sample.planes or declared.planes)
            for sample in declared.samples.values()
            if sample.source is None
        }
        found |= set() if found else {max(len(self._kind.axes(SampleDeclaration())) - bool(declared.planes), 0)}
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
        named = [*self._found, *(name for name in self.samples if name not in self._found)]
        return tuple(
            name
            for name in named
            if not (self._declared(name).planes or declaration.planes)
            or (isinstance(self._declared(name), PlaneSample) and self._has_objects(name))
        )

    @cached_property
    def _found(self) -> tuple[str, ...]:
        """The samples that are found in a folder."""
        declaration = self.declaration
        if isinstance(declaration, FolderDataset) and is_discovered(declaration):
            folder = data_folder(self._folder) / declaration.path
            return discover(folder, declaration) if folder.is_dir() else ()
        return ()

    def _declared(self, sample: str) -> SampleDeclaration:
        return self.samples.get(sample, SampleDeclaration())

    def _has_objects(self, plane: str) -> bool:
        """Return whether a plane holds as many objects as planes must; it does as long as its volume is not here."""
        parent = self._declared(plane).source or ""
        planes = self._declared(parent).planes or self.declaration.planes
        found = self.availability()
        if planes is None or not planes.at_least or not (found.ok and found.here):
            return True
        if parent not in self._counts:
            self._counts[parent] = self._count_objects(parent)
        declared = self._declared(plane)
        assert isinstance(declared, PlaneSample)
        return self._counts[parent][declared.plane_index] >= planes.at_least

    def _count_objects(self, parent: str) -> tuple[int, ...]:
        """Return the number of objects of the first label image in each plane of a sample."""
        planes = self._declared(parent).planes or self.declaration.planes
        assert planes is not None
        source, declared, view = self._resolve(parent)
        volume = self._kind.open(source, declared).label(self.label_names[0], view.crop)
        axis = volume.grid.axes.index(planes.chosen[0])
        return tuple(int(np.count_nonzero(np.unique(plane))) for plane in np.moveaxis(volume.array, axis, 0))

    @property
    def splits(self) -> Mapping[str, tuple[Fold, ...]]:
        """The folds of each named split; "all", unless declared, tests every sample that is not a crop.

        Raises `DataError` if a pattern of a split matches no sample of a folder that is there.
        """
        return self._splits

    @cached_property
    def _splits(self) -> Mapping[str, tuple[Fold, ...]]:
        declared = self.samples
        splits: dict[str, tuple[Fold, ...]] = {}
        for name, folds in self.declaration.splits.items():
            built: list[Fold] = []
            for fold, roles, problem in expand_split(folds, self.sample_ids(), declared):
                if problem is not None and self.availability().ok:
                    raise DataError(f"dataset '{self.id}', split '{name}': {problem[1]}")
                built.append(Fold(fold.id, roles["test"], roles["train"], roles["validation"]))
            splits[name] = tuple(built)
        whole = tuple(name for name in self.sample_ids() if not self._is_crop(name))
        splits.setdefault("all", (Fold("", whole),))
        count = self.declaration.folds
        if count is not None:
            unfilled = tuple(Fold(str(number), ()) for number in range(1, count + 1))  # of a folder that is not here
            splits.setdefault("folds", tuple(self._numbered_folds(whole, count)) if whole else unfilled)
        return splits

    def _numbered_folds(self, samples: tuple[str, ...], count: int) -> Iterator[Fold]:
        """Yield folds of samples, dealt out in an order that their ids alone determine."""
        volumes = {name: self._plane_of(name) for name in samples}
        dealt = sorted(set(volumes.values()), key=lambda name: (hash_value(name), name))
        if len(dealt) < count:
            raise DataError(f"dataset '{self.id}': {count} folds of {len(dealt)} samples")
        number = {name: index % count for index, name in enumerate(dealt)}
        for index in range(count):
            validating = (index + 1) % count if count > 2 else None
            groups: dict[str, list[str]] = {"test": [], "train": [], "validation": []}
            for name, volume in volumes.items():
                mine = number[volume]
                role = "test" if mine == index else "validation" if mine == validating else "train"
                groups[role].append(name)
            roles = {role: tuple(names) for role, names in groups.items()}
            yield Fold(str(index + 1), roles["test"], roles["train"], roles["validation"])

    def _plane_of(self, sample: str) -> str:
        """Return the volume that a plane is of; the sample itself if it is none."""
        declared = self._declared(sample)
        return (declared.source or sample) if isinstance(declared, PlaneSample) else sample

    def _is_crop(self, sample: str) -> bool:
        declared = self._declared(sample)
        if isinstance(declared, PlaneSample):
            return self._is_crop(declared.source or "")
        return declared.source is not None

    def availability(self) -> Availability:
        """Return whether the data can be had now; if not, why, and what to do about it. Nothing is fetched."""
        return self._kind.availability()

    def sample_hash(self, sample: str) -> str:
        """Return the sha256 of what determines a sample: checksums or bytes of its files, how they are read, the crop.

        No network is used. A file whose hash nobody states counts by its address until it was fetched once, so
        `fetch` should come before anything is filed under this hash. Raises `DataError` for an unknown sample.
        """
        origin, declaration, view = self._resolve(sample)
        return hash_value([self._kind.identity(origin, declaration), *view.identity()])

    def voxels(self, sample: str) -> int | None:
        """Return how many voxels a sample's grid has, as declared; None where nobody states its shape.

        Raises `DataError` for an unknown sample, and for a plane that lies outside its volume.
        """
        _, declaration, view = self._resolve(sample)
        if view.resize:
            return math.prod(view.resize)
        crop, shape = view.at(declaration.shape).crop, declaration.shape
        if not crop:
            return math.prod(shape) if shape else None
        stops = [min(pair) for pair in zip((stop for _, stop in crop), shape, strict=True)] if shape else None
        ends = stops or [stop for _, stop in crop]
        sizes = [end - start for (start, _), end in zip(crop, ends, strict=True)]
        return math.prod(sizes) if all(end < UNBOUNDED[1] for end in ends) else None

    def fetch(self, progress: bool = False) -> None:
        """Fetch every file of the dataset that is not in the cache yet.

        Raises `FetchError`, `ChecksumError`, or `DataError` if the data cannot be had at all.
        """
        self._kind.fetch(progress=progress)

    def to_fetch(self) -> Mapping[str, int | None]:
        """Return the files that must be downloaded: name and size in bytes, None where nobody states it."""
        return self._kind.to_fetch()

    def load(self, sample: str, *, channels: Sequence[str] = ()) -> Sample:
        """Return a sample, fetching its files if need be; `channels` reads only some, in the given order.

        The image has axes C + spatial where several channels are declared, spatial alone where one is. Labels are
        volumes of unsigned integers on the image's grid, read when they are asked for. Raises `DataError` if a file
        is absent, damaged or not as declared.
        """
        origin, declaration, view = self._resolve(sample)
        view = view.at(declaration.shape)
        for channel in channels:
            if channel not in self.channels:
                raise DataError(f"dataset '{self.id}': no channel '{channel}'{nearest(channel, self.channels)}")
        opened = self._kind.open(origin, declaration)
        image = view.apply(opened.image(tuple(channels) or self.channels, view.crop), is_label=False)

        def read(label: str) -> Volume:
            volume = opened.label(label, view.crop)
            if not view.is_lossy:
                self._check_objects(sample, label, volume)
            volume = view.apply(volume, is_label=True)
            if volume.grid.shape != image.grid.shape:
                raise DataError(
                    f"dataset '{self.id}', sample '{sample}': label '{label}' has shape {volume.grid.shape}, "
                    f"the image {image.grid.shape}"
                )
            return volume

        labels = LabelImages(self.label_names, read, {})
        return Sample(self.id, sample, image, labels, self.sample_hash(sample))

    def _check_objects(self, sample: str, label: str, volume: Volume) -> None:
        """Raise `DataError` for a label image with another number of objects than declared, or a mask."""
        declared = self._declared(sample).objects.get(label)
        where = f"dataset '{self.id}', sample '{sample}': label '{label}'"
        if declared is not None:
            found = int(np.count_nonzero(np.unique(volume.array)))
            if found != declared:
                raise DataError(f"{where} holds {found} objects, declared {declared}")
        elif self._declared(sample).source is None and looks_like_a_mask(volume.array):
            raise DataError(
                f"{where} holds 0 and {only_label(volume.array)} alone, the mask of a foreground, which counts as one "
                f"object; declare `components = true` for it, or `objects = {{ {label} = 1 }}` if it is one"
            )

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

    def _resolve(self, sample: str) -> tuple[str, SampleDeclaration, View]:
        """Return the whole sample to read from, its declaration, and the view of it."""
        if sample not in self.samples and sample not in self.sample_ids():
            raise DataError(f"dataset '{self.id}': no sample '{sample}'{nearest(sample, self.sample_ids())}")
        resize = self._declared(sample).resize or self.declaration.resize
        view = View(resize=resize)
        name, declared = sample, self._declared(sample)
        if isinstance(declared, PlaneSample):
            name = declared.source or ""
            view = replace(view, axis=declared.plane_axis, index=declared.plane_index)
            declared = self._declared(name)
            view = replace(view, resize=declared.resize or resize)
        if declared.source is not None:
            view = replace(view, crop=declared.crop)
            name, declared = declared.source, self._declared(declared.source)
        return name, declared, view
