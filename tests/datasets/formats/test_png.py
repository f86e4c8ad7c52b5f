from __future__ import annotations

import struct
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio.v3 as imageio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harness.datasets.formats.open import open_stored
from harness.errors import DataError

ARRAY = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)


def test_png_in_eight_and_sixteen_bits_and_colour(tmp_path: Path) -> None:
    for name, array, axes in (
        ("a.png", ARRAY[0].astype(np.uint8), "YX"),
        ("b.png", ARRAY[0] * 1000, "YX"),
        ("c.png", np.zeros((3, 4, 3), dtype=np.uint8), "YXC"),
    ):
        imageio.imwrite(tmp_path / name, array)
        with open_stored(tmp_path / name) as stored:
            assert (stored.axes, stored.dtype) == (axes, array.dtype)
            assert np.array_equal(stored.read((slice(None),) * array.ndim), array)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _paeth(left: int, above: int, corner: int) -> int:
    return min((left, above, corner), key=lambda value: abs(left + above - corner - value))


def _filtered(method: int, row: bytes, above: bytes, step: int) -> bytes:
    """Return a filtered row, each byte by the definition of the PNG specification."""
    result = bytearray([method])
    for index, value in enumerate(row):
        left = row[index - step] if index >= step else 0
        corner = above[index - step] if index >= step else 0
        guess = (0, left, above[index], (left + above[index]) // 2, _paeth(left, above[index], corner))[method]
        result.append((value - guess) % 256)
    return bytes(result)


@pytest.mark.parametrize(("channels", "kind"), [(2, 4), (3, 2), (4, 6)])
def test_sixteen_bits_of_colour_are_kept_with_every_filter(tmp_path: Path, channels: int, kind: int) -> None:
    array = np.random.default_rng(3).integers(0, 65536, (10, 7, channels)).astype(np.uint16)
    rows = [line.astype(">u2").tobytes() for line in array]
    above = [bytes(len(rows[0])), *rows]
    lines = b"".join(_filtered(index % 5, row, above[index], 2 * channels) for index, row in enumerate(rows))
    header = struct.pack(">IIBBBBB", 7, 10, 16, kind, 0, 0, 0)
    content = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    with open_stored(tmp_path / "a.png") as stored:
        assert (stored.axes, stored.dtype) == ("YXC", np.uint16)
        assert np.array_equal(stored.read((slice(None),) * 3), array)


def test_a_palette_keeps_its_numbers_and_its_colours(tmp_path: Path) -> None:
    numbers = np.array([[0, 1, 2], [2, 1, 0]], dtype=np.uint8)
    image = Image.fromarray(numbers, mode="P")
    image.putpalette([0, 0, 0, 200, 10, 10, 200, 10, 10])
    image.save(tmp_path / "a.png")
    with open_stored(tmp_path / "a.png") as stored:
        assert np.array_equal(stored.read((slice(None),) * 2), numbers)
        colours = stored.in_colour()
        assert (colours.axes, colours.shape) == ("YXC", (2, 3, 3))
        assert colours.read((slice(None),) * 3)[0, 2].tolist() == [200, 10, 10]


def test_an_animation_is_not_its_first_image(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((4, 5), value, np.uint8)) for value in (1, 2)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match="an animated PNG of 2 images"), open_stored(tmp_path / "a.png"):
        pass


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_is_never_an_image_of_other_values(where: int, bit: int) -> None:
    labels = np.zeros((16, 16), np.uint16)
    labels[2:9, 2:9] = 300
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        imageio.imwrite(path, labels)
        content = bytearray(path.read_bytes())
        content[where % len(content)] ^= 1 << bit
        path.write_bytes(content)
        with pytest.raises(DataError, match="not readable as PNG"), open_stored(path):
            pass
