"""Samples that lie in files: their arrays read, mirrored, cut and converted as the declaration says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.datasets.declared.declaration import ArraySource, DerivedLabels, SampleDeclaration, StoredDataset
from harness.datasets.declared.templates import as_tuple, fill
from harness.datasets.fetching.availability import Availability
from harness.datasets.fetching.files import Files, files_of, part_sources
from harness.datasets.fetching.folder import content_hash
from harness.datasets.fetching.lockfile import Voucher
from harness.datasets.fetching.places import cache_folder
from harness.datasets.fetching.unpack import extract_one, extract_several
from harness.datasets.formats.arrays import READER_VERSION
from harness.datasets.kinds import Crop, Kind, OpenedSample, corrupted, cut, derived_identity
from harness.datasets.sources import StoredSource, merged
from harness.errors import DataError
from harness.model import Volume


class StoredKind(Kind):
    """Files: remote, in a local folder, or in an installed package."""

    def __init__(self, name: str, declaration: StoredDataset, folder: Path) -> None:
        self.id = name
        self._declaration = declaration
        self._folder = folder
        self.channels = tuple(declaration.images)
        self.label_names = tuple(declaration.labels)

    @property
    def files(self) -> Files:
        """Where the files lie now: HARNESS_DATA may change."""
        return files_of(self.id, self._declaration, self._folder)

    def axes(self, sample: SampleDeclaration) -> str:
        """Return the declared axes."""
        return sample.axes or self._declaration.axes or ""

    def identity(self, name: str, sample: SampleDeclaration) -> Any:
        """Return hashes of the files and everything that is done to them."""
        labels: dict[str, Any] = {}
        for key, label in self._declaration.labels.items():
            if isinstance(label, DerivedLabels):
                labels[key] = derived_identity(label)
            else:
                labels[key] = self._source_identity(name, sample, merged(label, sample.labels.get(key)))
        images = {
            key: self._source_identity(name, sample, merged(source, sample.images.get(key)))
            for key, source in self._declaration.images.items()
        }
        common = self._declaration.crop_to_common
        spacing = list(sample.spacing_um or self._declaration.spacing_um)
        axes = sample.axes or self._declaration.axes
        return ["stored", READER_VERSION, axes, spacing, sorted(sample.drop_last), common, images, labels]

    def open(self, name: str, sample: SampleDeclaration) -> OpenedSample:
        """Return the sample; its files are fetched when its arrays are read."""
        self._refuse_private()
        return _OpenedFiles(self, name, sample)

    def fetch(self, *, progress: bool) -> None:
        """Fetch every remote file; verify those of a package."""
        self._refuse_private()
        self.files.fetch(progress=progress)

    def to_fetch(self) -> Mapping[str, int | None]:
        """Return the remote files that are not here; nothing can be fetched of what was never released."""
        return {} if self._is_private else self.files.to_fetch()

    def provenance(self) -> dict[str, Any]:
        """Return addresses and checksums."""
        return self.files.provenance()

    def vouchers(self) -> Mapping[str, Voucher]:
        """Return what the hash of each verified file rests on."""
        return self.files.vouchers()

    def availability(self) -> Availability:
        """Return whether the files can be had now; those that were never released cannot."""
        if self._is_private:
            return Availability(False, f"never released: {self._why_private}")
        return self.files.availability()

    def derived(self, name: str) -> DerivedLabels | None:
        """Return how a label is derived; None for one that is stored."""
        label = self._declaration.labels[name]
        return label if isinstance(label, DerivedLabels) else None

    def source(self, kind: str, key: str, name: str, sample: SampleDeclaration) -> StoredSource:
        """Return a channel ("images") or stored label ("labels") of a sample with its file fetched and unpacked."""
        declaration = self._declaration
        declared = (declaration.images if kind == "images" else declaration.labels)[key]
        assert isinstance(declared, ArraySource)
        source = merged(declared, (sample.images if kind == "images" else sample.labels).get(key))
        values = {"id": name, **sample.fields}
        drop = sample.drop_last if source.drop_last is None else source.drop_last
        axes = sample.axes or declaration.axes
        if axes is None:
            raise DataError(f"dataset '{self.id}', sample '{name}': no axes are declared")
        path, parts = self._paths(source, values)
        return StoredSource(
            path=path,
            parts=parts,
            keys=tuple(fill(part, values) for part in as_tuple(source.key)),
            source=source,
            axes=axes,
            spacing_um=sample.spacing_um or declaration.spacing_um,
            tolerance=declaration.spacing_tolerance,
            drop_last=frozenset(drop),
            canvas=partial(self._canvas, name, sample) if kind == "labels" else None,
        )

    def _canvas(self, name: str, sample: SampleDeclaration) -> tuple[int, ...]:
        """Return the stored shape of a sample's first image, on which labels that are outlines are painted."""
        return self.source("images", self.channels[0], name, sample).stored_shape()

    def common_shape(self, name: str, sample: SampleDeclaration) -> tuple[int, ...] | None:
        """Return the smallest size per axis over all arrays of a sample; None if they are not to be cropped to it."""
        declaration = self._declaration
        if not declaration.crop_to_common:
            return None
        shapes = [self.source("images", key, name, sample).shape() for key in declaration.images]
        shapes += [
            self.source("labels", key, name, sample).shape() for key in declaration.labels if not self.derived(key)
        ]
        return tuple(int(size) for size in np.min(shapes, axis=0))

    def _paths(self, source: ArraySource, values: Mapping[str, str]) -> tuple[Path, tuple[Path, ...]]:
        """Return the file of a source and the further files of its array."""
        path = self.files.path(source, values)
        members, parts = (
            tuple(fill(one, values) for one in as_tuple(which)) for which in (source.member, source.parts)
        )
        if not members:
            return path, tuple(self.files.path(part, values) for part in part_sources(self.files, source, values))
        place = cache_folder() / "datasets" / self.id / f"unpacked-{content_hash(path)[:16]}"
        further = extract_several(path, parts, place) if parts else ()
        main = extract_one(path, members, place)
        return main, tuple(part for part in further if part != main)

    def _source_identity(self, name: str, sample: SampleDeclaration, source: ArraySource) -> Any:
        values = {"id": name, **sample.fields}
        how = source.model_dump(mode="json", exclude_defaults=True, exclude={"file", "glob", "member", "key", "parts"})
        inside = [[fill(part, values) for part in as_tuple(parts)] for parts in (source.member, source.key)]
        identity = [self.files.identity(source, values), inside, how]
        if source.parts and source.member:
            return [*identity, [fill(part, values) for part in as_tuple(source.parts)]]
        if source.parts:
            parts = part_sources(self.files, source, values)
            return [*identity, [[part.file, self.files.identity(part, values)] for part in parts]]
        return identity

    @property
    def _is_private(self) -> bool:
        return self._declaration.availability == "private-never-released"

    @property
    def _why_private(self) -> str:
        return self._declaration.note or self._declaration.title

    def _refuse_private(self) -> None:
        if self._is_private:
            raise DataError(
                f"dataset '{self.id}' was never released: {self._declaration.note or self._declaration.title}"
            )


class _OpenedFiles(OpenedSample):
    def __init__(self, kind: StoredKind, name: str, sample: SampleDeclaration) -> None:
        self._kind = kind
        self._name = name
        self._sample = sample
        self._limit = kind.common_shape(name, sample)

    def image(self, channels: tuple[str, ...], crop: Crop) -> Volume:
        volumes: list[Volume] = []
        for channel in channels:
            source = self._kind.source("images", channel, self._name, self._sample)
            self._check_shape(channel, source)
            volumes.append(source.read(crop=crop, limit=self._limit))
        first = volumes[0]
        for channel, volume in zip(channels, volumes, strict=True):
            if volume.array.shape != first.array.shape:
                raise DataError(
                    f"dataset '{self._kind.id}', sample '{self._name}': channel '{channel}' has shape "
                    f"{volume.array.shape}, channel '{channels[0]}' {first.array.shape}"
                )
        if len(volumes) == 1:
            return Volume(first.array, first.axes, first.spacing_um, channels)
        stacked = np.stack([volume.array for volume in volumes])
        return Volume(stacked, f"C{first.axes}", first.spacing_um, channels)

    def label(self, name: str, crop: Crop) -> Volume:
        derived = self._kind.derived(name)
        if derived is not None:
            return cut(corrupted(self.label(derived.source, ()), derived), crop)
        source = self._kind.source("labels", name, self._name, self._sample)
        return source.read_labels(crop=crop, limit=self._limit)

    def _check_shape(self, channel: str, source: StoredSource) -> None:
        declared = self._sample.shape
        if declared and self._limit is None and source.shape() != declared:
            raise DataError(f"{source.path}: channel '{channel}' has shape {source.shape()}, declared {declared}")
