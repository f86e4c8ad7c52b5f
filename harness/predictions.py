"""The store of what cells scored, so that new metrics reach old records: `<cache>/predictions/<h[:2]>/<hash>.zip`.

Each file is a zipped Zarr group: the arrays of one value, compressed, with its header as attributes. A value is named
by the hash of its content, which the record keeps by slot. `evicted.jsonl` says what was removed, when and why.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import struct
import time
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import StoreError
from harness.hashing import hash_array, hash_value
from harness.stages.slots import slot_of
from harness.stages.values import Value, content_hash
from harness.store.files import Journal, read_lines, replace_text

if TYPE_CHECKING:
    import numpy as np

PART = "predictions"
CHUNK = 128
DEFAULT_LIMIT_BYTES = 50 * 10**9
STALE_S = 24 * 3600.0
_ZIP_END = struct.Struct("<4s4H2LH")
"""What a zip ends with: disks, members, bytes of their list and where it begins, bytes of a comment."""


@dataclass(frozen=True, slots=True)
class Evicted:
    """A prediction that was removed: its hash, size, the day (ISO 8601, UTC), and why."""

    hash: str
    bytes: int
    day: str
    why: str


class Predictions:
    """Files appear whole or not at all; concurrent writers of one content write the same."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / PART
        self._gone: dict[str, Evicted] | None = None

    @property
    def removals(self) -> Path:
        """The file that says what was removed."""
        return self.folder / "evicted.jsonl"

    def keep(self, value: Value) -> str:
        """Store a value unless it is there, and return its content hash; raises `StoreError` if the disk refuses."""
        digest = content_hash(value)
        path = self._path(digest)
        if path.exists():
            _mark_used(path)
            return digest
        partial = self.folder / "partial" / f"{digest}-{uuid.uuid4().hex}"
        try:
            partial.parent.mkdir(parents=True, exist_ok=True)
            partial.touch()  # the store below cannot be closed where this fails
            _write(partial, value)
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise StoreError(f"{self.folder}: a prediction cannot be kept ({error.strerror or error})") from error
        return digest

    def find(self, digest: str, slot: str) -> Value | None:
        """Return what stood in a slot; None if it is not here, or is not what was kept any more (it is then dropped).

        Raises `StoreError` if the disk refuses.
        """
        path = self._path(digest)
        try:
            value = _read(path, slot)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.folder}: a prediction cannot be read ({error.strerror or error})") from error
        if value is None or content_hash(value) != digest:
            self._evict([path], "its file was damaged")
            return None
        _mark_used(path)
        return value

    def checked(self) -> Iterator[tuple[Path, str]]:
        """Yield every kept file with what is wrong with it ("" for nothing); nothing is dropped.

        Raises `StoreError` if the disk refuses.
        """
        for path in sorted(self._files()):
            try:
                found = _arrays(path)
                is_plain = found is not None and _is_plain(path)
            except OSError as error:
                raise StoreError(f"{self.folder}: a prediction cannot be read ({error.strerror or error})") from error
            if found is None or not is_plain:
                yield path, "no file of ours, or damaged"
                continue
            arrays, header = found
            hashes = {name: hash_array(array) for name, array in arrays.items()}
            known = {hashes.get("array"), hash_value([hashes, header])}
            yield path, "" if path.stem in known else "its content has another hash than its name"

    def bytes_of(self, digest: str) -> int | None:
        """Return the size of the file of a value, None if it is not here."""
        return _bytes_at(self._path(digest))

    def size(self) -> tuple[int, int]:
        """Return the number of predictions and their bytes."""
        sizes = [size for path in self._files() if (size := _bytes_at(path)) is not None]
        return len(sizes), sum(sizes)

    @property
    def limit_bytes(self) -> int:
        """The most bytes that stay when `limit` is applied; 50 GB unless it was set."""
        try:
            return int((self.folder / "limit").read_text(encoding="ascii"))
        except FileNotFoundError:
            return DEFAULT_LIMIT_BYTES
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.folder / 'limit'}: not a number of bytes ({error})") from error

    def set_limit(self, limit_bytes: int) -> None:
        """Set the most bytes that stay; `apply_limit` removes what is over."""
        replace_text(self.folder / "limit", f"{limit_bytes}\n")

    def apply_limit(self) -> tuple[Evicted, ...]:
        """Remove the predictions not used for longest until the rest is within the limit, and what killed workers left.

        Returns what was removed, in that order.
        """
        self._sweep()
        limit, found = self.limit_bytes, []
        for path in self._files():
            with contextlib.suppress(FileNotFoundError):  # another run has removed it meanwhile
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        total, over = sum(size for _, size, _ in found), []
        for _, size, path in sorted(found):
            if total <= limit:
                break
            total -= size
            over.append(path)
        return self._evict(over, f"over the limit of {limit / 1e9:g} GB")

    def clear(self) -> tuple[Evicted, ...]:
        """Remove every prediction, and return what was removed."""
        return self._evict(sorted(self._files()), "cleared by hand")

    def absence(self, digest: str) -> str:
        """Return why a value is not to be had, in words that follow its name: when it was removed, if that is known."""
        if self._gone is None:
            self._gone = self.evicted()
        gone = self._gone.get(digest)
        return f"was removed on {gone.day} ({gone.why})" if gone else "is not here"

    def evicted(self) -> dict[str, Evicted]:
        """Return what was removed, by hash; the last removal of each."""
        return {item.hash: item for item in read_lines(self.removals, read_evicted, torn_tail=True)}

    def _evict(self, paths: Iterable[Path], why: str) -> tuple[Evicted, ...]:
        """Note and remove files; those that another run has removed meanwhile are left out."""
        day = datetime.now(UTC).date().isoformat()
        sizes = {path: size for path in paths if (size := _bytes_at(path)) is not None}
        items = tuple(Evicted(path.stem, size, day, why) for path, size in sizes.items())
        if items:
            log = Journal(self.removals)
            try:
                log.append(json.dumps(asdict(item)) for item in items)
            finally:
                log.close()
        self._gone = None
        for path in sizes:
            path.unlink(missing_ok=True)
        return items

    def _files(self) -> Iterator[Path]:
        yield from self.folder.glob("[0-9a-f][0-9a-f]/*.zip")

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.zip"

    def _sweep(self) -> None:
        oldest_s = time.time() - STALE_S
        for partial in (self.folder / "partial").glob("*"):
            with contextlib.suppress(FileNotFoundError):  # its worker lives and has finished it
                if partial.stat().st_mtime < oldest_s:
                    partial.unlink()


def _write(path: Path, value: Value) -> None:
    import zarr
    from zarr.codecs import BloscCodec
    from zarr.storage import ZipStore

    with ZipStore(path, mode="w") as store:
        group = zarr.open_group(store, mode="w", attributes={"header": value.header()})
        for name, array in value.arrays().items():
            chunks = tuple(max(1, min(n, CHUNK)) for n in array.shape)
            codec = BloscCodec(cname="zstd", clevel=3, shuffle="shuffle")
            group.create_array(name, data=array, chunks=chunks, compressors=codec)


def _read(path: Path, slot: str) -> Value | None:
    """Return the value of a file; None for a file that is not as it was written."""
    found = _arrays(path)
    try:
        return None if found is None else slot_of(slot).holds.build(*found)
    except (ValueError, KeyError, TypeError):
        return None


def _arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Return arrays and header of a file; None for a file that is not as it was written."""
    import numpy as np
    import zarr
    from zarr.storage import ZipStore

    try:
        with zipfile.ZipFile(path) as file:  # the store below cannot be closed where this fails
            if file.testzip() is not None:
                return None
        with ZipStore(path, mode="r") as store:
            group = zarr.open_group(store, mode="r")
            arrays = {name: np.asarray(array[...]) for name, array in group.arrays()}
            header = group.attrs["header"]
            return (arrays, dict(header)) if isinstance(header, Mapping) else None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError, RuntimeError):
        return None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return None  # no disk refuses so: the file names a place before its own begin


def _is_plain(path: Path) -> bool:
    """Whether every byte of a zip belongs to a member or follows from the list of them, as those of `_write` do."""
    with zipfile.ZipFile(path) as file, path.open("rb") as raw:
        infos, end = file.infolist(), 0
        for info in infos:
            header = info.FileHeader()
            raw.seek(info.header_offset)
            if info.header_offset != end or raw.read(len(header)) != header:
                return False
            end += len(header) + info.compress_size
        kinds = {(one.create_system, one.create_version, one.external_attr) for one in infos}
        further = [one.comment or one.internal_attr or one.volume or one.reserved for one in infos]
        if end != file.start_dir or len(kinds) > 1 or any(further):
            return False
        listed = raw.seek(0, os.SEEK_END) - _ZIP_END.size - end
        raw.seek(-_ZIP_END.size, os.SEEK_END)
        tail = raw.read()
    if max(end, len(infos) << 16) >= 1 << 32:  # such zips end with 64 bits, and say these numbers elsewhere
        return True
    return tail == _ZIP_END.pack(b"PK\5\6", 0, 0, len(infos), len(infos), listed, end, 0)


def _bytes_at(path: Path) -> int | None:
    """Return the size of a file, None if it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _mark_used(path: Path) -> None:
    with contextlib.suppress(OSError):  # a store that cannot be written is read all the same
        os.utime(path)


def read_evicted(data: Any, where: str) -> Evicted:
    """Return the removal of a JSON object; raises `StoreError` beginning with `where` ("file:line")."""
    try:
        return Evicted(str(data["hash"]), int(data["bytes"]), str(data["day"]), str(data["why"]))
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where}: not a removed prediction; found {str(data)[:60]!r}") from error
