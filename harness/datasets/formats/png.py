"""PNG: 8 and 16 bits, grey, palette or colour. Each chunk's checksum is verified: decoders skip that of pixel data."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harness.datasets.formats.stored_array import Region, StoredArray, check_fits, reading
from harness.errors import DataError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR = 2
_PALETTE = 3
_GREY_WITH_ALPHA = 4
_COLOUR_WITH_ALPHA = 6
_BYTES_PER_PIXEL = {_COLOUR: 6, _GREY_WITH_ALPHA: 4, _COLOUR_WITH_ALPHA: 8}
"""Of the kinds of which the common decoder cuts 16 bits to 8."""
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4


def open_png(path: Path) -> StoredArray:
    """Open the image, read whole; the values of a palette image are the numbers of its colours."""
    with reading(path, "PNG"):
        content = path.read_bytes()
        chunks = list(_chunks(path, content))
        width, height, depth, colour = struct.unpack_from(">IIBB", chunks[0][1])
        check_fits(path, (height, width, 4), np.dtype(np.uint16))
        palette = None
        _refuse_frames(path, chunks)
        if colour in _BYTES_PER_PIXEL and depth == 16:
            array = _sixteen_bits(path, chunks, width, height, _BYTES_PER_PIXEL[colour])
        else:
            array, palette = _decoded(path, is_palette=colour == _PALETTE)
    axes = "YXC" if array.ndim == 3 else "YX"

    def read(region: Region) -> np.ndarray:
        return array[region]

    return StoredArray(array.shape, array.dtype, axes, None, read, palette=palette)


def _decoded(path: Path, *, is_palette: bool) -> tuple[np.ndarray, np.ndarray | None]:
    from PIL import Image

    with Image.open(path) as image:
        palette = None
        if is_palette and image.mode == "P":
            palette = np.array(image.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
        array = np.array(image)
    if array.dtype == np.int32:  # 16-bit greyscale comes widened from some decoders
        array = array.astype(np.uint16)
    return array, palette


def _chunks(path: Path, content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of a PNG file by type; raises `DataError` where one is cut or has another checksum."""
    if content[: len(_SIGNATURE)] != _SIGNATURE:
        raise DataError(f"{path}: truncated or not readable as PNG: it does not begin as one")
    position, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        if position + 12 > len(content):
            raise DataError(f"{path}: truncated or not readable as PNG: it ends within its chunks")
        (length,) = struct.unpack_from(">I", content, position)
        kind = content[position + 4 : position + 8]
        data = content[position + 8 : position + 8 + length]
        stated = content[position + 8 + length : position + 12 + length]
        if stated != struct.pack(">I", zlib.crc32(kind + data)):
            name = kind.decode("latin-1")
            raise DataError(f"{path}: truncated or not readable as PNG: the checksum of chunk {name!r} is wrong")
        yield kind, data
        position += 12 + length


def _refuse_frames(path: Path, chunks: list[tuple[bytes, bytes]]) -> None:
    """Raise `DataError` for an animated PNG, of which the common decoder reads the first image alone."""
    frames = next((struct.unpack_from(">I", data)[0] for kind, data in chunks if kind == b"acTL"), 1)
    if frames > 1:
        raise DataError(f"{path}: an animated PNG of {frames} images; accepted: one image, or a stack as TIFF")


def _sixteen_bits(path: Path, chunks: list[tuple[bytes, bytes]], width: int, height: int, step: int) -> np.ndarray:
    """Return an image of several channels with all of its 16 bits, which the common decoder cuts to 8."""
    if chunks[0][1][12]:
        raise DataError(f"{path}: interlaced PNG with channels of 16 bits; accepted: without interlacing, or TIFF")
    size = height * (1 + width * step)
    packed = b"".join(data for kind, data in chunks if kind == b"IDAT")
    decoder = zlib.decompressobj()
    content = decoder.decompress(packed, size)
    if len(content) != size:
        raise DataError(f"{path}: truncated or not readable as PNG: {len(content)} bytes of pixels, {size} expected")
    lines = np.frombuffer(content, dtype=np.uint8).reshape(height, 1 + width * step)
    above = np.zeros(width * step, dtype=np.uint8)
    rows = np.empty((height, width * step), dtype=np.uint8)
    for index, line in enumerate(lines):
        above = rows[index] = _unfiltered(int(line[0]), line[1:], above, step)
    return rows.reshape(height, width, step).view(">u2").astype(np.uint16)


def _unfiltered(method: int, line: np.ndarray, above: np.ndarray, step: int) -> np.ndarray:
    """Return the bytes of a row, given those of the row above (PNG specification, section 9)."""
    if method == _UP:
        return np.asarray(line + above)
    if method == _SUB:
        return np.cumsum(line.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
    if method not in (_AVERAGE, _PAETH):
        return line
    row, left, corner = bytearray(line.tobytes()), bytearray(step), bytearray(step)
    upper = above.tobytes()
    for start in range(0, len(row), step):
        for offset in range(step):
            a, b, c = left[offset], upper[start + offset], corner[offset]
            guess = (a + b) // 2 if method == _AVERAGE else _paeth(a, b, c)
            left[offset] = row[start + offset] = (row[start + offset] + guess) & 0xFF
            corner[offset] = b
    return np.frombuffer(bytes(row), dtype=np.uint8)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    distances = (abs(guess - left), abs(guess - above), abs(guess - corner))
    return (left, above, corner)[distances.index(min(distances))]
