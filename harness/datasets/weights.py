"""Weight files: fetched, verified, unpacked where they come as an archive, handed over as a path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.datasets.declared.declaration import FileDeclaration, TrainingData, WeightsDeclaration
from harness.datasets.declared.templates import fill
from harness.datasets.fetching.folder import content_hash
from harness.datasets.fetching.lockfile import LockFile, Voucher
from harness.datasets.fetching.places import cache_folder, data_folder
from harness.datasets.fetching.remote import FileSet
from harness.datasets.fetching.unpack import extract_all
from harness.descriptions import NAMES
from harness.errors import DataError, FetchError
from harness.hashing import hash_value


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """One weights entry of a catalogue (or one variant of it, with the id "<id>/<variant>")."""

    id: str
    declaration: WeightsDeclaration
    folder: Path = field(repr=False)

    def fetch(self, progress: bool = False) -> Path:
        """Return the path of the weights: the file, the `main` one of several, their folder, or the unpacked archive.

        Raises `FetchError`, `ChecksumError` or `DataError` (unsafe archive, private weights, weights that are trained
        by a recipe, absent local path).
        """
        declaration = self.declaration
        if declaration.availability == "private-never-released":
            raise DataError(f"weights '{self.id}' were never released: {declaration.note or declaration.title}")
        if declaration.recipe is not None:
            raise DataError(f"weights '{self.id}' are trained where a cell needs them: there is no file to fetch")
        if declaration.path:
            return self._local_path()
        files = self._files()
        paths = [files.fetch(file.name, progress=progress) for file in declaration.files]
        if declaration.unpack:
            checksum = hash_value(files.identity(declaration.files[0].name))[:16]
            return extract_all(paths[0], cache_folder() / "weights" / self.id / f"unpacked-{checksum}")
        if declaration.main:
            return cache_folder() / "weights" / self.id / declaration.main
        return paths[0] if len(paths) == 1 else cache_folder() / "weights" / self.id

    def hash(self) -> str:
        """Return the sha256 that identifies the weights, from declared or first-seen checksums, without a network.

        Weights whose hash nobody states and that were never fetched are identified by their source, those of a recipe
        by its text; raises `DataError` if a local path is absent.
        """
        if self.declaration.path:
            return content_hash(self._local_path())
        if self.declaration.recipe is not None:
            return hash_value(self.declaration.recipe.model_dump(mode="json"))
        files = self._files()
        parts = [files.identity(file.name) for file in self.declaration.files]
        return hash_value([self.declaration.main, self.declaration.unpack, parts])

    def is_ready(self) -> bool:
        """Return whether the weights can be had without a network; nothing is fetched for those of a recipe."""
        if self.declaration.recipe is not None:
            return True
        if self.declaration.path:
            return self._path().exists()
        files = self._files()
        return bool(self.declaration.files) and all(files.is_ready(file) for file in self.declaration.files)

    def description(self) -> Path | None:
        """Return where a description of the model lies that needs no network: a file of the entry, or its local path.

        None where the entry has none, where it is not on this machine yet, and for weights that are trained here.
        """
        if self.declaration.path:
            return self._path() if self._path().exists() else None
        files = self._files()
        described = (file for file in self.declaration.files if file.name in NAMES and files.is_ready(file))
        return next((files.fetch(file.name) for file in described), None)

    def to_fetch(self) -> Mapping[str, int | None]:
        """Return the files that must be downloaded: name and size in bytes, None where nobody states it."""
        return self._files().to_fetch() if self.declaration.files else {}

    def provenance(self) -> dict[str, Any]:
        """Return licence, citation, addresses and checksums."""
        declaration = self.declaration
        result: dict[str, Any] = {
            "id": self.id,
            "licence": declaration.licence,
            "citation": declaration.citation,
            "availability": declaration.availability,
        }
        if declaration.files:
            result.update(self._files().provenance())
        return result

    def vouchers(self) -> Mapping[str, Voucher]:
        """Return what the hash of each file that `fetch` verifies rests on, by file name, as far as it is known."""
        return self._files().vouchers()

    def _files(self) -> FileSet:
        declaration = self.declaration
        return FileSet("weights", self.id, declaration.files, declaration.listing, LockFile(self.folder))

    def _path(self) -> Path:
        return data_folder(self.folder) / self.declaration.path

    def _local_path(self) -> Path:
        path = self._path()
        if not path.exists():
            raise FetchError(f"weights '{self.id}': {path} does not exist; HARNESS_DATA sets where `path` starts from")
        return path


def variants_of(name: str, declaration: WeightsDeclaration) -> Mapping[str, WeightsDeclaration]:
    """Return the declarations of an entry by full id: itself, or each of its variants with the fields filled in."""
    if not declaration.variants:
        return {name: declaration}
    result: dict[str, WeightsDeclaration] = {}
    for variant, fields in declaration.variants.items():
        values = {"variant": variant, **fields}
        files = tuple(_filled(file, values) for file in declaration.files)
        updated = {
            "files": files,
            "variants": {},
            "main": fill(declaration.main, values),
            "path": fill(declaration.path, values),
            "trained_on": tuple(_filled_training(data, values) for data in declaration.trained_on),
        }
        result[f"{name}/{variant}"] = declaration.model_copy(update=updated)
    return result


def _filled_training(data: TrainingData, values: Mapping[str, str]) -> TrainingData:
    return data.model_copy(
        update={
            "samples": tuple(fill(sample, values) for sample in data.samples),
            "split": fill(data.split, values),
            "fold": fill(data.fold, values),
        }
    )


def _filled(file: FileDeclaration, values: Mapping[str, str]) -> FileDeclaration:
    return file.model_copy(
        update={
            "name": fill(file.name, values),
            "urls": tuple(fill(url, values) for url in file.urls),
            "match": tuple(fill(pattern, values) for pattern in file.match),
        }
    )
