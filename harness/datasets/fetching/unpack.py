"""Safe unpacking of zip and tar: nothing leaves the folder, no links or devices, bounded size, selected files only.

Limits: `MAX_MEMBERS` members per archive, `MAX_BYTES` written per call, and `MAX_RATIO` times the archive's own size
once more than `RATIO_FREE_BYTES` are written. They are measured on what is written, not on what headers claim.
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from harness.datasets.fetching.places import is_plain_relative
from harness.errors import DataError, nearest

MAX_MEMBERS = 1_000_000
MAX_BYTES = 1 << 40
MAX_RATIO = 200
RATIO_FREE_BYTES = 1 << 28
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file inside an archive."""

    name: str
    open: Callable[[], IO[bytes]]


@contextmanager
def open_archive(path: Path) -> Iterator[dict[str, Member]]:
    """Open a zip or tar (gz, bz2, xz) and yield its regular files by name.

    Raises `DataError` if it is damaged, encrypted, or if any member would leave the folder, is a link or a device,
    or is named twice.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield _by_name(path, _zip_members(path, archive))
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as tar:
                yield _by_name(path, _tar_members(path, tar))
        else:
            raise DataError(f"{path}: neither a zip nor a tar archive, or truncated")
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError) as error:
        raise DataError(f"{path}: damaged archive: {error}") from error


def select(names: Iterable[str], pattern: str) -> list[str]:
    """Return the names that are a pattern, or match it, sorted."""
    every = list(names)
    return [pattern] if pattern in every else sorted(name for name in every if fnmatchcase(name, pattern))


def extract_one(path: Path, patterns: Sequence[str], folder: Path) -> Path:
    """Return the one file that the first matching pattern names, extracted below `folder` unless it is there already.

    Raises `DataError` if no pattern matches, or the first that does matches several files.
    """
    for pattern in patterns:
        if is_plain_relative(pattern) and (folder / pattern).is_file():
            return folder / pattern
    with open_archive(path) as members:
        for pattern in patterns:
            chosen = select(members, pattern)
            if len(chosen) > 1:
                raise DataError(
                    f"{path}: '{pattern}' matches {len(chosen)} members, such as '{chosen[0]}', '{chosen[1]}'"
                )
            if chosen:
                target = folder / chosen[0]
                if not target.is_file():
                    _write(path, members[chosen[0]], target, _Budget(path))
                return target
        raise DataError(f"{path}: no member '{' or '.join(patterns)}'{nearest(patterns[0], members)}")


def extract_all(path: Path, folder: Path) -> Path:
    """Return `folder`, holding all of an archive; it appears only when it is complete."""
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with open_archive(path) as members:
            budget = _Budget(path)
            for member in members.values():
                _write(path, member, partial / member.name, budget)
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return folder


def _by_name(path: Path, members: Iterable[Member]) -> dict[str, Member]:
    found: dict[str, Member] = {}
    for member in members:
        if not is_plain_relative(member.name):
            raise DataError(f"{path}: unsafe archive: member '{member.name}' would leave its folder")
        if member.name in found:
            raise DataError(f"{path}: unsafe archive: member '{member.name}' stands in it twice")
        if len(found) >= MAX_MEMBERS:
            raise DataError(f"{path}: archive of more than {MAX_MEMBERS} members")
        found[member.name] = member
    return found


def _zip_members(path: Path, archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.orig_filename != info.filename and "\\" in info.orig_filename:
            raise DataError(f"{path}: unsafe archive: member '{info.orig_filename}' has backslashes in its name")
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DataError(f"{path}: unsafe archive: member '{info.filename}' is a link or a device")
        if info.flag_bits & 0x1:
            raise DataError(f"{path}: member '{info.filename}' is encrypted")
        if info.is_dir():
            _check_folder(path, info.filename)
            continue

        def opened(info: zipfile.ZipInfo = info) -> IO[bytes]:
            return archive.open(info)

        yield Member(info.filename, opened)


def _tar_members(path: Path, tar: tarfile.TarFile) -> Iterator[Member]:
    for info in tar:
        if info.isdir():
            _check_folder(path, info.name)
            continue
        if not info.isreg():
            raise DataError(f"{path}: unsafe archive: member '{info.name}' is a link or a device")

        def opened(info: tarfile.TarInfo = info) -> IO[bytes]:
            content = tar.extractfile(info)
            if content is None:
                raise DataError(f"{path}: member '{info.name}' holds no data")
            return content

        yield Member(info.name.removeprefix("./"), opened)


def _check_folder(path: Path, name: str) -> None:
    inner = name.rstrip("/")
    if inner not in ("", ".") and not is_plain_relative(inner):
        raise DataError(f"{path}: unsafe archive: folder '{name}' would leave its folder")


class _Budget:
    """Counts what is written from one archive and stops a decompression bomb."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._limit = min(MAX_BYTES, max(RATIO_FREE_BYTES, MAX_RATIO * path.stat().st_size))
        self._written = 0

    def spend(self, count: int) -> None:
        self._written += count
        if self._written > self._limit:
            raise DataError(f"{self._path}: unpacks to more than {self._limit} bytes; refused as a decompression bomb")


def _write(path: Path, member: Member, target: Path, budget: _Budget) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=".partial", dir=target.parent)
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as output, member.open() as content:
                while chunk := content.read(_CHUNK_BYTES):
                    budget.spend(len(chunk))
                    output.write(chunk)
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DataError(f"{path}: member '{member.name}' cannot be unpacked: {error.strerror or error}") from error
