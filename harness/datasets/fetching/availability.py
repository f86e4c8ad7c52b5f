"""Whether a dataset's files can be had now, and if not, why and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.datasets.declared.declaration import DatasetDeclaration, FolderDataset, PackageDataset, RemoteDataset
from harness.datasets.fetching.lockfile import LockFile
from harness.datasets.fetching.package import package_folder
from harness.datasets.fetching.places import cache_folder, data_folder, is_offline, mirror
from harness.datasets.fetching.remote import FileSet


@dataclass(frozen=True, slots=True)
class Availability:
    """`ok`: the data are here or can be fetched. `reason` says why, or why not; `how` what to do about it."""

    ok: bool
    reason: str
    how: str = ""


def availability_of(name: str, declaration: DatasetDeclaration, folder: Path) -> Availability:
    """Return the availability of a dataset, looking at disks only."""
    if declaration.availability == "private-never-released":
        return Availability(False, f"never released: {declaration.note or declaration.title}")
    if isinstance(declaration, FolderDataset):
        return _of_folder(declaration, folder)
    if isinstance(declaration, PackageDataset):
        if package_folder(declaration.package) is None:
            return Availability(False, f"package '{declaration.package}' is not installed", declaration.install)
        return Availability(True, f"carried by the installed package '{declaration.package}'")
    if isinstance(declaration, RemoteDataset):
        return _of_remote(name, declaration, folder)
    return Availability(True, "generated")


def _of_folder(declaration: FolderDataset, folder: Path) -> Availability:
    path = data_folder(folder) / declaration.path
    if path.is_dir():
        return Availability(True, "local folder")
    how = f"put it there, or set HARNESS_DATA to the folder that holds '{declaration.path}'"
    if declaration.availability == "open-registration-required":
        how = f"register at {declaration.landing}, then {how}"
    return Availability(False, f"no folder {path}", how)


def _of_remote(name: str, declaration: RemoteDataset, folder: Path) -> Availability:
    files = FileSet("datasets", name, declaration.files, declaration.listing, LockFile(folder))
    absent = [file for file in declaration.files if not files.is_ready(file)]
    if not absent:
        return Availability(True, "in the cache or the mirror")
    names = ", ".join(file.name for file in absent[:3]) + (", …" if len(absent) > 3 else "")
    if isinstance(mirror(), str):
        return Availability(True, f"to be fetched through the mirror: {names}")
    if declaration.availability == "open-registration-required":
        place = cache_folder() / "datasets" / name
        return Availability(
            False, f"needs registration: {names}", f"register at {declaration.landing}, put into {place}"
        )
    if is_offline():
        return Availability(False, f"offline and not in cache or mirror: {names}", "unset HARNESS_OFFLINE")
    sizes = [file.size for file in absent]
    known = sum(size for size in sizes if size is not None)
    amount = "size not stated" if None in sizes else f"{known / 1e6:.1f} MB"
    return Availability(True, f"to be downloaded ({amount}): {names}")
