"""The file of a bundle: a zip of stored members that ends with the hash of every byte before it.

Nothing is unpacked. Members are read one by one, and none may hold more than the file itself does: a member that is
compressed, lies in another one, or is a link is refused before any of its bytes are read.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.errors import DataError
from harness.store.files import partial_name

SEAL = b"segmentation-harness bundle, sha256 of all before: "
MOST_MEMBERS = 1_000_000
_HEX = re.compile(rb"[0-9a-f]{64}")
_DIGITS = 64
_CHUNK_BYTES = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_HEADER_BYTES = 30
"""Of a member in a zip, before its name."""


@dataclass(frozen=True, slots=True)
class Container:
    """An open bundle: the names of its members in their order, and its seal (sha256, hex)."""

    path: Path
    names: tuple[str, ...]
    seal: str
    _archive: zipfile.ZipFile

    def read(self, name: str) -> bytes:
        """Return the bytes of a member; raises `DataError` for one that is absent or damaged."""
        try:
            return self._archive.read(name)
        except KeyError:
            raise DataError(f"{self.path}: member '{name}' is not there") from None
        except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ValueError) as error:
            raise DataError(f"{self.path}: member '{name}' is damaged: {error}") from error

    def size(self, name: str) -> int:
        """Return the bytes of a member."""
        return self._archive.getinfo(name).file_size


def write_container(path: Path, members: Iterable[tuple[str, bytes]]) -> str:
    """Write members, in their order, as a sealed bundle and return the seal; equal members make equal bytes.

    The file appears only when it is complete. Raises `DataError` if it cannot be written.
    """
    partial = partial_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
            for name, content in members:
                info = zipfile.ZipInfo(name, _EPOCH)
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(info, content)
            archive.comment = SEAL + b"0" * _DIGITS
        seal = _hash_before_seal(partial)
        with partial.open("r+b") as file:
            file.seek(-_DIGITS, io.SEEK_END)
            file.write(seal.encode("ascii"))
        partial.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)
    return seal


@contextmanager
def open_container(path: Path) -> Iterator[Container]:
    """Open a bundle whose seal holds and whose members are plain; raises `DataError` with the reason otherwise."""
    if not path.is_file():
        raise DataError(f"{path}: {'a folder, not a file' if path.is_dir() else 'no such file'}; accepted: a bundle")
    try:
        seal = _checked_seal(path)
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise DataError(f"{path}: damaged zip: {error}") from error
    with archive:  # what the reader of the bundle raises is none of the zip's, and passes as it is
        _check_members(path, archive)
        yield Container(path, tuple(archive.namelist()), seal, archive)


def _checked_seal(path: Path) -> str:
    length = len(SEAL) + _DIGITS
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(size - length, 0))
        tail = file.read()
    stated = tail[len(SEAL) :]
    if not tail.startswith(SEAL) or not _HEX.fullmatch(stated):
        raise DataError(f"{path}: does not end with a seal: cut short, altered, or not a bundle of `harness submit`")
    found = _hash_before_seal(path)
    if found.encode("ascii") != stated:
        raise DataError(f"{path}: altered: its bytes hash to {found[:12]}…, its seal says {stated[:12].decode()}…")
    return found


def _hash_before_seal(path: Path) -> str:
    digest = hashlib.sha256()
    left = path.stat().st_size - _DIGITS
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(_CHUNK_BYTES, left))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise `DataError` for a member that is no plain stored file, and for bytes that belong to none."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise DataError(f"{path}: {len(infos)} members; accepted: at most {MOST_MEMBERS}")
    seen: dict[str, str] = {}
    end = 0
    for info in infos:
        name = info.orig_filename
        _check_name(path, name)
        plain = unicodedata.normalize("NFC", name).casefold()
        if plain in seen:
            how = "twice" if seen[plain] == name else f"beside '{seen[plain]}', which some file systems take for it"
            raise DataError(f"{path}: member '{name}' stands there {how}")
        seen[plain] = name
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise DataError(f"{path}: member '{name}' is a link, a folder or a device; accepted: plain files")
        if info.flag_bits & 0x1:
            raise DataError(f"{path}: member '{name}' is encrypted")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise DataError(f"{path}: member '{name}' is compressed; members of a bundle are stored as they are")
        if info.header_offset != end:
            raise DataError(f"{path}: bytes before member '{name}' belong to no member, or to two")
        end += _HEADER_BYTES + len(name.encode()) + len(info.extra) + info.file_size
    if end != archive.start_dir:
        raise DataError(f"{path}: bytes behind the last member belong to none")


def _check_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in name:
        raise DataError(f"{path}: member '{name}' would leave the folder it is unpacked into")
    if not name.isprintable() or name != str(PurePosixPath(name)):
        raise DataError(f"{path}: member {name!r} is not a plain path")
