"""Entries of the index of chunks, altered one by one in a file of the oldest format: no checksum covers them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.datasets.formats.hdf5_chunks import chunk_problem
from harness.datasets.formats.open import open_stored
from harness.errors import DataError

ARRAY = (np.arange(4 * 24 * 20, dtype=np.uint16) // 40).reshape(4, 24, 20)
CHUNK = (2, 8, 8)
WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"fletcher32": True},
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True, "fletcher32": True},
    {"compression": "lzf", "fletcher32": True},
)
SIZE, MASK, ADDRESS = -8, -4, 8 * 4
"""Where an entry has them, seen from the place of its chunk."""


def _write(path: Path, **options: Any) -> int:
    """Write the array and return where the index names the chunk at (0, 8, 8)."""
    with h5py.File(path, "w") as file:
        file.create_dataset("labels", data=ARRAY, chunks=CHUNK, **options)
    return path.read_bytes().index(struct.pack("<QQQ", 0, 8, 8))


def _problem(path: Path) -> str:
    with h5py.File(path) as file:
        return chunk_problem(file["labels"])


def _alter(path: Path, place: int, form: str, value: int) -> None:
    content = bytearray(path.read_bytes())
    struct.pack_into(form, content, place, value)
    path.write_bytes(content)


@pytest.mark.parametrize("options", WAYS)
def test_a_sound_index_has_no_problem(tmp_path: Path, options: dict[str, Any]) -> None:
    _write(tmp_path / "a.h5", **options)
    assert not _problem(tmp_path / "a.h5")


def test_a_filter_that_could_not_shrink_a_chunk_may_be_left_out(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 1 << 16, (8, 8), dtype=np.uint16)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("labels", data=noise, chunks=(8, 8), compression="lzf", fletcher32=True)
        assert file["labels"].id.get_chunk_info(0).filter_mask == 1, "lzf did shrink it"
    assert not _problem(tmp_path / "a.h5")


@pytest.mark.parametrize("options", WAYS[1:])
@pytest.mark.parametrize("mask", [0b1, 0b111])
def test_filters_that_the_index_leaves_out_are_no_way_round_a_checksum(
    tmp_path: Path, options: dict[str, Any], mask: int
) -> None:
    """HDF5 hands out what is stored, compressed bytes for values, and asks for no checksum."""
    place = _write(tmp_path / "a.h5", **options)
    _alter(tmp_path / "a.h5", place + MASK, "<I", mask)
    assert "whose size does not fit the filters that its index names" in _problem(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("at", "form", "value", "message"),
    [
        (8, "<Q", 8 << 56, "outside of its array"),
        (8, "<Q", 0, "has two chunks at"),
        (SIZE, "<I", 1 << 30, "ends outside of the file"),
        (SIZE, "<I", 100, "whose size does not fit"),
    ],
)
def test_an_altered_entry_is_named(tmp_path: Path, at: int, form: str, value: int, message: str) -> None:
    """HDF5 writes out of bounds when it reads a chunk outside of the array, and ends the process."""
    path = tmp_path / "a.h5"
    _alter(path, _write(path) + at, form, value)
    with pytest.raises(DataError, match=rf"a.h5: damaged HDF5: dataset '/labels' .*{message}"), open_stored(path):
        pass


@pytest.mark.parametrize(("options", "size"), [(WAYS[1], 4), (WAYS[2], 0), (WAYS[3], 0), (WAYS[3], 4), (WAYS[4], 3)])
def test_a_chunk_is_longer_than_its_checksum(tmp_path: Path, options: dict[str, Any], size: int) -> None:
    """HDF5 reads in front of a shorter one, and can end the process."""
    _alter(tmp_path / "a.h5", _write(tmp_path / "a.h5", **options) + SIZE, "<I", size)
    assert "whose size does not fit the filters that its index names" in _problem(tmp_path / "a.h5")


def test_two_chunks_in_one_place_of_the_file(tmp_path: Path) -> None:
    place = _write(tmp_path / "a.h5")
    content = (tmp_path / "a.h5").read_bytes()
    (address,) = struct.unpack_from("<Q", content, place + ADDRESS)
    _alter(tmp_path / "a.h5", place + ADDRESS, "<Q", address + 8)
    assert "lie over each other" in _problem(tmp_path / "a.h5")
