"""Declared files with public addresses: located, fetched, and pinned where nobody else states their hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.datasets.declared.declaration import FileDeclaration, Listing
from harness.datasets.fetching.fetch import Owner, Wanted, fetch_file, file_checksum, in_mirror_folder, is_cached
from harness.datasets.fetching.http import without_secrets
from harness.datasets.fetching.listing import find_files
from harness.datasets.fetching.lockfile import LockFile, Pin, Voucher
from harness.datasets.fetching.places import cache_folder, is_offline, mirror
from harness.errors import FetchError


@dataclass(frozen=True, slots=True)
class FileSet:
    """The declared files of one dataset or weights entry."""

    owner: Owner
    id: str
    files: tuple[FileDeclaration, ...]
    listing: Listing | None
    lock: LockFile

    def file(self, name: str) -> FileDeclaration:
        """Return a declared file by its name (the checks of the catalogue have made sure that it is there)."""
        for file in self.files:
            if file.name == name:
                return file
        known = ", ".join(file.name for file in self.files)
        raise FetchError(f"{self.owner} '{self.id}': no file '{name}' is declared; declared: {known}")

    def fetch(self, name: str, *, progress: bool = False) -> Path:
        """Return the path of a file in the cache (of a folder, for a file with `many`), fetching what is missing.

        Raises `FetchError` or `ChecksumError` as `harness.datasets.fetching.fetch.fetch_file` does.
        """
        file = self.file(name)
        if file.many:
            return self._fetch_many(file, progress=progress)
        wanted = self._wanted(file)
        located: list[Wanted] = []

        def locate() -> Wanted:
            if wanted.checksum and wanted.urls:
                return wanted
            found = self._located(file)[0]
            located.append(replace(found, checksum=wanted.checksum or found.checksum))
            return located[-1]

        path = fetch_file(wanted, progress=progress, locate=locate)
        if not wanted.checksum:
            self._pin({name: path}, located)
        return path

    def is_ready(self, file: FileDeclaration) -> bool:
        """Return whether a file can be had without a network."""
        if file.many:
            names = self._pinned_below(file)
            wanted = [Wanted(self.owner, self.id, name) for name in names]
            return bool(wanted) and all(is_cached(one) or in_mirror_folder(one) for one in wanted)
        wanted_file = self._wanted(file)
        return is_cached(wanted_file) or in_mirror_folder(wanted_file)

    def to_fetch(self) -> dict[str, int | None]:
        """Return the files that are neither in the cache nor in a mirror folder: name and size, None if not stated."""
        return {file.name: self._wanted(file).size for file in self.files if not self.is_ready(file)}

    def identity(self, name: str) -> list[Any]:
        """Return what identifies a file's content without a network: checksums, pins, else its declared source."""
        file = self.file(name)
        if file.many:
            pins = self._pinned_below(file)
            if pins:
                return [name, sorted((key, pin.sha256) for key, pin in pins.items())]
        checksum = self._wanted(file).checksum
        if checksum:
            return [name, checksum]
        return [name, "unseen", list(file.urls), list(file.match)]

    def provenance(self) -> dict[str, Any]:
        """Return urls and checksums by file name, and what pinned hashes rest on.

        "listed_hash" and "first_seen_hash" are True where some file's hash rests on the archive's listing, and where
        some file's rests on nothing but its first download.
        """
        pins = self.lock.pins(self.owner, self.id)
        checksums = {file.name: file.checksum for file in self.files if file.checksum}
        checksums.update({name: f"sha256:{pin.sha256}" for name, pin in pins.items()})
        urls = {file.name: [without_secrets(url) for url in file.urls] for file in self.files if file.urls}
        urls.update({name: [pin.url] for name, pin in pins.items() if pin.url})
        sha256 = {name: value.partition(":")[2] for name, value in checksums.items() if value.startswith("sha256:")}
        result: dict[str, Any] = {"urls": urls, "sha256": sha256, "checksums": checksums}
        vouchers = self.vouchers().values()
        if "listing" in vouchers:
            result["listed_hash"] = True
        if "first download" in vouchers:
            result["first_seen_hash"] = True
        return result

    def vouchers(self) -> dict[str, Voucher]:
        """Return what the hash of each file rests on, by file name, without those whose hash is not known yet."""
        pins = self.lock.pins(self.owner, self.id)
        result: dict[str, Voucher] = {}
        for file in self.files:
            if file.many:
                result.update({name: pin.voucher for name, pin in self._pinned_below(file).items()})
            elif file.checksum:
                result[file.name] = "declared"
            elif file.name in pins:
                result[file.name] = pins[file.name].voucher
        return result

    def _wanted(self, file: FileDeclaration) -> Wanted:
        wanted = Wanted(self.owner, self.id, file.name, file.urls, file.checksum, file.size)
        if file.checksum:
            return wanted
        pin = self.lock.pins(self.owner, self.id).get(file.name)
        if pin is None:
            return wanted
        urls = file.urls or ((pin.url,) if pin.url else ())
        return replace(wanted, urls=urls, checksum=f"sha256:{pin.sha256}", size=pin.size)

    def _located(self, file: FileDeclaration) -> list[Wanted]:
        listing = file.listing or self.listing
        if listing is None or not file.match:
            return [Wanted(self.owner, self.id, file.name, file.urls, file.checksum, file.size)]
        found = find_files(listing, file.match, many=file.many, where=f"{self.owner} '{self.id}': file '{file.name}'")
        names = [f"{file.name}/{one.name}" if file.many else file.name for one in found]
        return [
            Wanted(self.owner, self.id, name, (*file.urls, one.url), file.checksum or one.checksum, one.size)
            for name, one in zip(names, found, strict=True)
        ]

    def _fetch_many(self, file: FileDeclaration, *, progress: bool) -> Path:
        """Fetch every file of a listed folder, below a folder of the declared name."""
        pins = self._pinned_below(file)
        if pins:
            wanted = [
                Wanted(self.owner, self.id, name, (pin.url,) if pin.url else (), f"sha256:{pin.sha256}", pin.size)
                for name, pin in pins.items()
            ]
        else:
            wanted = self._in_mirror(file) or self._located_online(file)
        paths = {one.name: fetch_file(one, progress=progress) for one in wanted}
        if not pins:
            self._pin(paths, wanted)
        return cache_folder() / self.owner / self.id / file.name

    def _in_mirror(self, file: FileDeclaration) -> list[Wanted]:
        place = mirror()
        if not isinstance(place, Path):
            return []
        folder = place / self.id
        files = sorted(path for path in (folder / file.name).rglob("*") if path.is_file())
        return [Wanted(self.owner, self.id, path.relative_to(folder).as_posix()) for path in files]

    def _located_online(self, file: FileDeclaration) -> list[Wanted]:
        if is_offline():
            raise FetchError(
                f"{self.owner} '{self.id}': '{file.name}' is neither in the cache nor in a mirror folder, "
                "and HARNESS_OFFLINE is set: its listing cannot be read"
            )
        return self._located(file)

    def _pinned_below(self, file: FileDeclaration) -> Mapping[str, Pin]:
        pins = self.lock.pins(self.owner, self.id)
        return {name: pin for name, pin in pins.items() if name.startswith(f"{file.name}/")}

    def _pin(self, paths: Mapping[str, Path], located: list[Wanted]) -> None:
        known = {one.name: one for one in located}
        pins: dict[str, Pin] = {}
        for name, path in paths.items():
            source = known.get(name, Wanted(self.owner, self.id, name))
            sha256 = file_checksum(path, "sha256").partition(":")[2]
            url = without_secrets(source.urls[0]) if source.urls else ""
            pins[name] = Pin(sha256=sha256, size=path.stat().st_size, url=url, listed=source.checksum)
        self.lock.add(self.owner, self.id, pins)
