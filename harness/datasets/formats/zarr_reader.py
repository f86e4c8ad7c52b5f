"""Regions of a Zarr array. Chunks in a folder are decoded by their codec alone: Zarr's own pipeline takes longer."""

from __future__ import annotations

import itertools
import math
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.datasets.formats.stored_array import reading

_METADATA = frozenset(("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata"))
"""Files of an array that are no chunks."""
_ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
_BLOSC_HEADER, _BLOSC_COPIED = 16, 2


class ZarrReader:
    """A `zarr.Array` that is read by regions: `reader[region]`, one slice per axis. Several threads may read at once.

    gives_chunks  whether Blosc or Zstandard, and nothing else, encodes its chunks, each a file of a folder, and those
                  that are not there have a value: a region that is a whole chunk is then decoded into its place
    """

    def __init__(self, array: Any) -> None:
        self.array, self.chunks = array, tuple(array.chunks)
        root = getattr(array.store, "root", None)
        self._folder = root / array.path if isinstance(root, Path) else None
        self._decode = _DECODERS.get(_only_codec(array))
        self.gives_chunks = bool(self._folder and self._decode and array.shape and array.fill_value is not None)

    def __getitem__(self, region: Any) -> np.ndarray:
        """Return a region; raises `DataError` naming the file of a chunk that is damaged, and whatever Zarr raises.

        Anything but a slice of each axis, in steps of one, is left to Zarr.
        """
        is_box = isinstance(region, tuple) and len(region) == len(self.chunks)
        if not self.gives_chunks or not is_box or not all(isinstance(part, slice) for part in region):
            return np.asarray(self.array[region])
        bounds = [part.indices(size) for part, size in zip(region, self.array.shape, strict=True)]
        if any(step != 1 or stop <= start for start, stop, step in bounds):
            return np.asarray(self.array[region])
        chunks = self.chunks
        along = [_pieces(start, stop, size) for (start, stop, _), size in zip(bounds, chunks, strict=True)]
        read = np.empty([stop - start for start, stop, _ in bounds], self.array.dtype)
        if read.shape == chunks and all(len(pieces) == 1 for pieces in along):
            number = tuple(pieces[0][0] for pieces in along)
            self.decode(number, self.encoded(number), read)
            return read
        chunk: np.ndarray | None = None
        for pieces in itertools.product(*along):
            number, inside, here = zip(*pieces, strict=True)
            data = self.encoded(number)
            if data is None:
                read[here] = self.array.fill_value
                continue
            if chunk is None:
                chunk = np.empty(chunks, self.array.dtype)
            self.decode(number, data, chunk)
            read[here] = chunk[inside]
        return read

    def missing_chunks(self) -> tuple[int, int]:
        """Return how many chunks (shards, where there are some) of an array in a folder are not there, and how many
        it has; (0, 0) for an array that is not in a folder.
        """
        if self._folder is None:
            return 0, 0
        stored = self.array.shards or self.array.chunks
        count = math.prod(-(-extent // size) for extent, size in zip(self.array.shape, stored, strict=True))
        found = sum(sum(name not in _METADATA for name in names) for _, _, names in os.walk(self._folder) if count)
        return max(0, count - found), count

    def encoded(self, number: tuple[int, ...]) -> bytes | None:
        """Return the file of a chunk, where `gives_chunks`; None if it is not there.

        Raises `DataError` for one that cannot be read, or is a folder.
        """
        path = self._path(number)
        with reading(path, "Zarr"):
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def decode(self, number: tuple[int, ...], data: bytes | None, into: np.ndarray) -> None:
        """Decode what `encoded` returned into a C-contiguous array of the shape and dtype of a chunk.

        All of it is written, also where the chunk reaches beyond the array; the fill value where there is no file.
        Raises `DataError` naming the file of a chunk that is damaged.
        """
        assert self._decode is not None
        if data is None:
            into[...] = self.array.fill_value
            return
        try:
            self._decode(data, into)
        except Exception:  # as `reading` does, which is entered only here, for the path of each chunk costs time
            with reading(self._path(number), "Zarr"):
                raise

    def _path(self, number: tuple[int, ...]) -> Path:
        assert self._folder is not None
        path: Path = self._folder / self.array.metadata.encode_chunk_key(number)
        return path


@dataclass(frozen=True, slots=True)
class WholeChunks:
    """The chunks of an array by their numbers along some of its axes; along the others it has one voxel."""

    reader: ZarrReader
    axes: tuple[int, ...]

    @classmethod
    def of(cls, reader: ZarrReader, axes: tuple[int, ...]) -> WholeChunks | None:
        """Return the chunks of an image of these axes; None where a chunk is not its codec's, in another order."""
        dropped = set(range(len(reader.chunks))) - set(axes)
        is_whole = list(axes) == sorted(axes) and all(reader.chunks[axis] == 1 for axis in dropped)
        return cls(reader, axes) if reader.gives_chunks and is_whole else None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a chunk."""
        return tuple(self.reader.chunks[axis] for axis in self.axes)

    def encoded(self, number: tuple[int, ...]) -> bytes | None:
        """Return the file of a chunk; None if it is not there."""
        return self.reader.encoded(self._number(number))

    def decode(self, number: tuple[int, ...], data: bytes | None, into: np.ndarray) -> None:
        """Decode what `encoded` returned, as `ZarrReader.decode` does."""
        self.reader.decode(self._number(number), data, into)

    def _number(self, along: tuple[int, ...]) -> tuple[int, ...]:
        number = [0] * len(self.reader.chunks)
        for axis, place in zip(self.axes, along, strict=True):
            number[axis] = place
        return tuple(number)


def _pieces(start: int, stop: int, size: int) -> list[tuple[int, slice, slice]]:
    """Return of each chunk from `start` to `stop` its number, which part of it lies there, and where in that region."""
    found = []
    for number in range(start // size, -(-stop // size)):
        first, end = max(start, number * size), min(stop, (number + 1) * size)
        found.append((number, slice(first - number * size, end - number * size), slice(first - start, end - start)))
    return found


def _only_codec(array: Any) -> str | None:
    """Return the name of the codec of an array that has no other, in C order and of this machine's byte order."""
    metadata = array.metadata
    if not array.dtype.isnative:
        return None
    if metadata.zarr_format == 2:
        is_plain = not metadata.filters and metadata.order == "C"
        return getattr(metadata.compressor, "codec_id", None) if is_plain else None
    if len(metadata.codecs) != 2:
        return None
    order, codec = (one.to_dict() for one in metadata.codecs)
    is_native = order.get("configuration", {}).get("endian", sys.byteorder) == sys.byteorder
    return codec["name"] if order["name"] == "bytes" and is_native else None


def _decode_blosc(data: bytes, into: np.ndarray) -> None:
    """Decode a Blosc buffer; raises `ValueError` for one of another size, or cut off: the library reads beyond its end.

    Its header states flags in byte 2, the decoded size in bytes 4 to 7 and its own in 12 to 15, as c-blosc describes.
    """
    from numcodecs import blosc

    if len(data) < _BLOSC_HEADER or int.from_bytes(data[12:16], "little") > len(data):
        raise ValueError("a Blosc buffer that is cut off")
    _check_size(int.from_bytes(data[4:8], "little"), into)
    if data[2] & _BLOSC_COPIED and len(data) < _BLOSC_HEADER + into.nbytes:
        raise ValueError("a Blosc buffer that is cut off")
    blosc.decompress(data, into)


def _decode_zstd(data: bytes, into: np.ndarray) -> None:
    """Decode Zstandard frames; raises `ValueError` for those of another size.

    A first frame that states another one is followed by others, or follows one that is skipped. The library does not
    say where frames that state their sizes end, and leaves the rest of `into` as it was.
    """
    from numcodecs import zstd

    stated = _frame_bytes(data)
    if stated is None or stated == into.nbytes:
        zstd.decompress(data, into)
        return
    if stated > into.nbytes:
        _check_size(stated, into)
    decoded = zstd.decompress(data)
    _check_size(len(decoded), into)
    into.reshape(-1).view(np.uint8)[:] = np.frombuffer(decoded, np.uint8)


_DECODERS: Mapping[str | None, Callable[[bytes, np.ndarray], None]] = {"blosc": _decode_blosc, "zstd": _decode_zstd}


def _check_size(found: int, into: np.ndarray) -> None:
    if found != into.nbytes:
        raise ValueError(f"a chunk of {found} bytes; those of this array have {into.nbytes}")


def _frame_bytes(data: bytes) -> int | None:
    """Return how many bytes the first Zstandard frame states to hold, None where it does not (RFC 8878, section 3.1).

    0 for anything else: a frame that is skipped, or none.
    """
    if len(data) < 5 or not data.startswith(_ZSTD_FRAME):
        return 0
    flag, is_single, dictionary = data[4] >> 6, data[4] >> 5 & 1, data[4] & 3
    length = (is_single, 2, 4, 8)[flag]
    start = 6 - is_single + (0, 1, 2, 4)[dictionary]
    return int.from_bytes(data[start : start + length], "little") + 256 * (length == 2) if length else None
