"""Safe unpacking of zip and tar: nothing leaves the folder, no links or devices, bounded size, selected files only.

Limits: `MAX_MEMBERS` members per archive, `MAX_BYTES` written per call, and `MAX_RATIO` times the archive's own size
once more than `RATIO_FREE_BYTES` are written. They are measured on what is written, not on what headers claim.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any

from harness.datasets.fetching.folder import content_hash
from harness.datasets.fetching.places import cache_folder, is_plain_relative
from harness.errors import DataError, StoreError, nearest
from harness.hashing import hash_value
from harness.store.files import partial_name
from harness.store.lock import ExclusiveLock

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


def _check_stream(path: Path) -> None:
    """Read a compressed tar to its end: its checksum stands there, where no reader of single members comes."""
    with path.open("rb") as file:
        head = file.read(6)
    opened = next((module.open for magic, module in _COMPRESSIONS.items() if head.startswith(magic)), None)
    if opened is None:
        return
    budget = _Budget(path)
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


def extract_one(path: Path, patterns: Sequence[str], folder: Path) -> Path:
    """Return the one file that the first matching pattern names, extracted below `folder` unless it is there unaltered.

    Raises `DataError` if no pattern matches, or the first that does matches several files.
    """
    for pattern in patterns:
        if is_plain_relative(pattern) and _is_unaltered(folder, pattern):
            return folder / pattern
    with open_archive(path) as members:
        for pattern in patterns:
            chosen = select(members, pattern)
            if len(chosen) > 1:
                raise DataError(
                    f"{path}: '{pattern}' matches {len(chosen)} members, such as '{chosen[0]}', '{chosen[1]}'"
                )
            if chosen:
                return _extract_member(path, members[chosen[0]], folder, _Budget(path))
        raise DataError(f"{path}: no member '{' or '.join(patterns)}'{nearest(patterns[0], members)}")


def extract_several(path: Path, patterns: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Return the files that any of the patterns names, extracted below `folder` unless they are there unaltered.

    Raises `DataError` if a pattern matches no member.
    """
    found: dict[Path, None] = {}
    with open_archive(path) as members:
        budget = _Budget(path)
        for pattern in patterns:
            chosen = select(members, pattern)
            if not any(name in members for name in chosen):
                raise DataError(f"{path}: no member '{pattern}'{nearest(pattern, members)}")
            found.update((_extract_member(path, members[name], folder, budget), None) for name in chosen)
    return tuple(found)


def _extract_member(path: Path, member: Member, folder: Path, budget: _Budget) -> Path:
    target = folder / member.name
    if not _is_unaltered(folder, member.name):
        _write(path, member, target, budget)
        _keep_hash(folder, member.name, content_hash(target))
    return target


def extract_all(path: Path, folder: Path) -> Path:
    """Return `folder`, holding all of an archive as it was unpacked; it appears only when it is complete.

    Where it lies unaltered nothing is written: a cache that others share may be read-only.
    """
    if _is_whole(folder):
        return folder
    lock = ExclusiveLock(cache_folder() / ".transfers" / f"{hash_value(str(folder.resolve()))[:32]}.lock")
    try:
        with lock:
            if not _is_whole(folder):
                folder.parent.mkdir(parents=True, exist_ok=True)
                _extract_all(path, folder)
    except (OSError, StoreError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DataError(f"{path}: cannot be unpacked into {folder}: {reason or error}") from error
    return folder


def _is_whole(folder: Path) -> bool:
    """Return whether a folder holds all of its archive with the bytes that the archive had."""
    names = _kept_hashes(folder)
    return folder.is_dir() and bool(names) and all(_is_unaltered(folder, name) for name in names)


def _extract_all(path: Path, folder: Path) -> None:
    partial = partial_name(folder)
    try:
        partial.mkdir()
        with open_archive(path) as members:
            budget = _Budget(path)
            for member in members.values():
                _write(path, member, partial / member.name, budget)
        for name in members:
            _keep_hash(folder, name, content_hash(partial / name))
        if folder.is_dir():
            shutil.rmtree(folder)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _hash_file(folder: Path, name: str) -> Path:
    """Return where the hash of an unpacked member is kept: beside the folder, which may be handed over as it is."""
    return folder.with_name(f"{folder.name}.sha256") / f"{name}.sha256"


def _keep_hash(folder: Path, name: str, value: str) -> None:
    place = _hash_file(folder, name)
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_name(place)
    partial.write_text(value, encoding="ascii")
    partial.replace(place)


def _kept_hashes(folder: Path) -> list[str]:
    place = folder.with_name(f"{folder.name}.sha256")
    found = (path.relative_to(place).as_posix() for path in place.rglob("*.sha256") if path.is_file())
    return [name.removesuffix(".sha256") for name in found]


def _is_unaltered(folder: Path, name: str) -> bool:
    """Return whether a member lies unpacked with the bytes that the archive had."""
    place = _hash_file(folder, name)
    if not (folder / name).is_file() or not place.is_file():
        return False
    return place.read_text(encoding="ascii", errors="replace") == content_hash(folder / name)


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
