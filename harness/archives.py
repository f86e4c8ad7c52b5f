"""Reading zip and tar safely: nothing leaves the folder, no links or devices, bounded size.

Limits: `MAX_MEMBERS` members per archive, `MAX_BYTES` written per call, and `MAX_RATIO` times the archive's own size
once more than `RATIO_FREE_BYTES` are written. They are measured on what is written, not on what headers claim.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Any

from harness.errors import DataError
from harness.store.files import partial_name

MOST_NAME_BYTES = 255
"""Bytes of one part of a path that every file system takes."""
MAX_MEMBERS = 1_000_000
MAX_BYTES = 1 << 40
MAX_RATIO = 200
RATIO_FREE_BYTES = 1 << 28
_CHUNK_BYTES = 1 << 20
_COMPRESSIONS: dict[bytes, Any] = {b"\x1f\x8b": gzip, b"BZh": bz2, b"\xfd7zXZ\x00": lzma}
_DAMAGES = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    ValueError,
    IndexError,
)
"""What the readers of archives raise on damaged ones."""


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file inside an archive."""

    name: str
    size: int
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
            return
        _check_stream(path)
        if not tarfile.is_tarfile(path):
            raise DataError(f"{path}: neither a zip nor a tar archive, or truncated")
        with tarfile.open(path) as tar:
            yield _by_name(path, _tar_members(path, tar))
    except _DAMAGES as error:
        raise DataError(f"{path}: damaged archive: {error or type(error).__name__}") from error


def unpack(path: Path, folder: Path) -> Path:
    """Write all files of an archive below a folder, and return it; raises `DataError` as `open_archive` does."""
    budget = Budget(path)
    with open_archive(path) as members:
        for member in members.values():
            write_member(path, member, folder / member.name, budget)
    return folder


def _check_stream(path: Path) -> None:
    """Read a compressed tar to its end: its checksum stands there, where no reader of single members comes."""
    with path.open("rb") as file:
        head = file.read(6)
    opened = next((module.open for magic, module in _COMPRESSIONS.items() if head.startswith(magic)), None)
    if opened is None:
        return
    budget = Budget(path)
    try:
        with opened(path, "rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                budget.spend(len(chunk))
    except OSError as error:
        raise DataError(f"{path}: damaged archive: {error}") from error


def select(names: Iterable[str], pattern: str) -> list[str]:
    """Return the names that are a pattern, or match it, sorted."""
    every = list(names)
    return [pattern] if pattern in every else sorted(name for name in every if fnmatchcase(name, pattern))


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

        yield Member(info.filename, info.file_size, opened)


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

        yield Member(info.name.removeprefix("./"), info.size, opened)


def _check_folder(path: Path, name: str) -> None:
    inner = name.rstrip("/")
    if inner not in ("", ".") and not is_plain_relative(inner):
        raise DataError(f"{path}: unsafe archive: folder '{name}' would leave its folder")


class Budget:
    """Counts what is written from one archive and stops a decompression bomb."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._limit = min(MAX_BYTES, max(RATIO_FREE_BYTES, MAX_RATIO * path.stat().st_size))
        self._written = 0

    def spend(self, count: int) -> None:
        """Count further bytes; raises `DataError` once there are too many."""
        self._written += count
        if self._written > self._limit:
            raise DataError(f"{self._path}: unpacks to more than {self._limit} bytes; refused as a decompression bomb")


def write_member(path: Path, member: Member, target: Path, budget: Budget) -> None:
    """Write a member of an archive to a file, which appears when it is complete; raises `DataError` if that fails."""
    partial = partial_name(target)
    written = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("xb") as output, member.open() as content:
            while chunk := content.read(_CHUNK_BYTES):
                budget.spend(len(chunk))
                written += output.write(chunk)
        if written != member.size:
            raise DataError(f"{path}: member '{member.name}' has {written} bytes, its header states {member.size}")
        partial.replace(target)
    except OSError as error:
        raise DataError(f"{path}: member '{member.name}' cannot be unpacked: {error.strerror or error}") from error
    finally:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)


def is_plain_relative(name: str) -> bool:
    """Return whether a POSIX path is relative, stays below its folder and names no drive."""
    if not name or "\\" in name or "\0" in name or ":" in name.split("/")[0]:
        return False
    path = PurePosixPath(name)
    is_short = all(len(part.encode("utf-8", "surrogateescape")) <= MOST_NAME_BYTES for part in path.parts)
    return is_short and not path.is_absolute() and ".." not in path.parts and path.parts != ()
