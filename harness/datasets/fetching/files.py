"""Where the files of a dataset lie: behind public addresses, in a folder of this machine, or in a package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol

from harness.datasets.declared.declaration import (
    ArraySource,
    FileDeclaration,
    FolderDataset,
    PackageDataset,
    RemoteDataset,
    StoredDataset,
)
from harness.datasets.declared.templates import as_tuple, fill
from harness.datasets.fetching.availability import Availability
from harness.datasets.fetching.fetch import verify
from harness.datasets.fetching.folder import content_hash, folder_file, folder_files
from harness.datasets.fetching.lockfile import LockFile, Voucher
from harness.datasets.fetching.package import package_file, package_folder
from harness.datasets.fetching.places import cache_folder, data_folder, is_offline, mirror
from harness.datasets.fetching.remote import FileSet
from harness.errors import DataError


class Files(Protocol):
    """The files of one dataset. `values` are the sample's id and fields, filled into the names of a source."""

    def path(self, source: ArraySource, values: Mapping[str, str]) -> Path:
        """Return the path of a source's file, fetched and verified; raises `DataError`."""

    def identity(self, source: ArraySource, values: Mapping[str, str]) -> Any:
        """Return JSON that identifies the content of a source's file without a network."""

    def named(self, pattern: str) -> Sequence[str]:
        """Return the names of the files that a pattern means, sorted; none where it means none."""

    def fetch(self, *, progress: bool) -> None:
        """Fetch every file that is not here."""

    def to_fetch(self) -> Mapping[str, int | None]:
        """Return the files that are not here and must be downloaded, with their sizes as far as they are stated."""

    def provenance(self) -> dict[str, Any]:
        """Return where the files come from."""

    def vouchers(self) -> Mapping[str, Voucher]:
        """Return what the hash of each verified file rests on, as far as it is known."""

    def availability(self) -> Availability:
        """Return whether the files can be had now, looking at disks only."""


@dataclass(frozen=True, slots=True)
class RemoteFiles:
    """Files with public addresses, kept in the cache."""

    files: FileSet
    declaration: RemoteDataset

    def path(self, source: ArraySource, values: Mapping[str, str]) -> Path:
        """Return the path in the cache."""
        return self.files.fetch(fill(source.file, values))

    def identity(self, source: ArraySource, values: Mapping[str, str]) -> Any:
        """Return checksums or pins, else the declared address."""
        return self.files.identity(fill(source.file, values))

    def named(self, pattern: str) -> Sequence[str]:
        """Return the declared files."""
        return _matching(self.declaration.files, pattern)

    def fetch(self, *, progress: bool) -> None:
        """Fetch every file."""
        for file in self.declaration.files:
            self.files.fetch(file.name, progress=progress)

    def to_fetch(self) -> Mapping[str, int | None]:
        """Return what is neither in the cache nor in a mirror folder."""
        return self.files.to_fetch()

    def provenance(self) -> dict[str, Any]:
        """Return addresses and checksums."""
        return self.files.provenance()

    def vouchers(self) -> Mapping[str, Voucher]:
        """Return what vouches for each file."""
        return self.files.vouchers()

    def availability(self) -> Availability:
        """Return whether every file is here or has an address that may be used."""
        declaration = self.declaration
        absent = [file for file in declaration.files if not self.files.is_ready(file)]
        if not absent:
            return Availability(True, "in the cache or the mirror")
        names = ", ".join(file.name for file in absent[:3]) + (", …" if len(absent) > 3 else "")
        if isinstance(mirror(), str):
            return Availability(True, f"to be fetched through the mirror: {names}", here=False)
        if declaration.availability == "open-registration-required":
            place = cache_folder() / "datasets" / self.files.id
            return Availability(
                False,
                f"needs registration: {names}",
                f"register at {declaration.landing}, put into {place}",
                here=False,
            )
        if is_offline():
            return Availability(
                False, f"offline and not in cache or mirror: {names}", "unset HARNESS_OFFLINE", here=False
            )
        sizes = [file.size for file in absent]
        known = sum(size for size in sizes if size is not None)
        amount = "size not stated" if None in sizes else f"{known / 1e6:.1f} MB"
        return Availability(True, f"to be downloaded ({amount}): {names}", here=False)


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """Files of a folder of this machine, verified where a checksum is declared; the others count by their bytes."""

    folder: Path
    declaration: FolderDataset

    def path(self, source: ArraySource, values: Mapping[str, str]) -> Path:
        """Return the one file that the source's name or glob means for a sample."""
        path = folder_file(self.folder, source, values["id"], fill(source.file, values))
        checksum = self._stated.get(path.relative_to(self.folder).as_posix(), "")
        if checksum:
            verify(path, f"sha256:{checksum}", str(path))
        return path

    def identity(self, source: ArraySource, values: Mapping[str, str]) -> Any:
        """Return the declared sha256, against which reading verifies the file, else the hash of its bytes.

        A record's key then needs no folder: one who only draws tables of published records has none.
        """
        return self._stated.get(fill(source.file, values)) or content_hash(self.path(source, values))

    @property
    def _stated(self) -> Mapping[str, str]:
        return {file.name: file.sha256 for file in self.declaration.files}

    def named(self, pattern: str) -> Sequence[str]:
        """Return the files of the folder."""
        return folder_files(self.folder, pattern)

    def fetch(self, *, progress: bool) -> None:
        """Verify every file whose checksum is declared; nothing is to be fetched.

        Raises `ChecksumError` for one with other bytes, `DataError` for one that is not there.
        """
        for name in self._stated:
            self.path(ArraySource(file=name), {"id": ""})

    def to_fetch(self) -> Mapping[str, int | None]:
        """Return nothing."""
        return {}

    def provenance(self) -> dict[str, Any]:
        """Return the declared path and checksums."""
        return {"path": self.declaration.path, **({"sha256": dict(self._stated)} if self._stated else {})}

    def vouchers(self) -> Mapping[str, Voucher]:
        """Return the files whose checksum is declared."""
        return dict.fromkeys(self._stated, "declared")

    def availability(self) -> Availability:
        """Return whether the folder is there."""
        if self.folder.is_dir():
            return Availability(True, "local folder")
        how = f"put it there, or set HARNESS_DATA to the folder that holds '{self.declaration.path}'"
        if self.declaration.availability == "open-registration-required":
            how = f"register at {self.declaration.landing}, then {how}"
        return Availability(False, f"no folder {self.folder}", how)


@dataclass(frozen=True, slots=True)
class PackageFiles:
    """Files that an installed package carries, verified where a checksum is declared."""

    declaration: PackageDataset

    def path(self, source: ArraySource, values: Mapping[str, str]) -> Path:
        """Return the path inside the package."""
        declaration, name = self.declaration, fill(source.file, values)
        path = package_file(declaration.package, name, declaration.install)
        checksum = next((file.checksum for file in declaration.files if file.name == name), "")
        if checksum:
            verify(path, checksum, str(path))
        return path

    def identity(self, source: ArraySource, values: Mapping[str, str]) -> Any:
        """Return the declared sha256, against which reading verifies the file, else the hash of its bytes.

        A record's key then needs no package: a machine that only draws tables has none.
        """
        name = fill(source.file, values)
        stated = next((file.sha256 for file in self.declaration.files if file.name == name), "")
        return stated or content_hash(self.path(source, values))

    def fetch(self, *, progress: bool) -> None:
        """Verify every file that is read."""
        for source in self.declaration.stored_sources:
            for one in (source, *part_sources(self, source, {"id": ""})):
                self.path(one, {"id": ""})

    def named(self, pattern: str) -> Sequence[str]:
        """Return the declared files; where none of them is meant, those that the package holds."""
        folder = package_folder(self.declaration.package)
        declared = _matching(self.declaration.files, pattern)
        return declared or (folder_files(folder, pattern) if folder else ())

    def to_fetch(self) -> Mapping[str, int | None]:
        """Return nothing: a package is installed, not fetched."""
        return {}

    def provenance(self) -> dict[str, Any]:
        """Return package and checksums."""
        hashes = {file.name: file.sha256 for file in self.declaration.files if file.sha256}
        return {"package": self.declaration.package, "sha256": hashes}

    def vouchers(self) -> Mapping[str, Voucher]:
        """Return the declared files that are read."""
        sources = self.declaration.stored_sources
        parts = {name for source in sources for part in as_tuple(source.parts) for name in self.named(part)}
        read = {source.file for source in sources} | parts
        return {file.name: "declared" for file in self.declaration.files if file.checksum and file.name in read}

    def availability(self) -> Availability:
        """Return whether the package is installed."""
        package = self.declaration.package
        if package_folder(package) is None:
            return Availability(False, f"package '{package}' is not installed", self.declaration.install)
        return Availability(True, f"carried by the installed package '{package}'")


def part_sources(files: Files, source: ArraySource, values: Mapping[str, str]) -> tuple[ArraySource, ...]:
    """Return the further files of an array as sources of their own; raises `DataError` for a pattern without any."""
    found: dict[str, None] = {}
    for pattern in (fill(part, values) for part in as_tuple(source.parts)):
        names = [name for name in files.named(pattern) if name != fill(source.file, values)]
        if not names:
            raise DataError(f"`parts`: no file '{pattern}' beside '{source.file or source.glob}'")
        found.update((name, None) for name in names)
    return tuple(source.model_copy(update={"file": name, "glob": "", "parts": ()}) for name in found)


def _matching(files: Sequence[FileDeclaration], pattern: str) -> Sequence[str]:
    return sorted(file.name for file in files if file.name == pattern or fnmatchcase(file.name, pattern))


def files_of(name: str, declaration: StoredDataset, folder: Path) -> Files:
    """Return the files of a dataset; `folder` is that of its catalogue."""
    if isinstance(declaration, RemoteDataset):
        file_set = FileSet("datasets", name, declaration.files, declaration.listing, LockFile(folder))
        return RemoteFiles(file_set, declaration)
    if isinstance(declaration, FolderDataset):
        return FolderFiles(data_folder(folder) / declaration.path, declaration)
    assert isinstance(declaration, PackageDataset)
    return PackageFiles(declaration)
