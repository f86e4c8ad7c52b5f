from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from numcodecs import Blosc as BloscOf2
from numcodecs import Delta, GZip, Zstd
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, ShardingCodec, ZstdCodec

from harness.datasets.formats.labels import read_labels
from harness.datasets.formats.zarr_reader import ZarrReader, _frame_bytes
from harness.errors import DataError

CODECS_OF_3 = (
    ZstdCodec(level=1),
    ZstdCodec(level=3, checksum=True),
    *(BloscCodec(cname=name, shuffle="bitshuffle") for name in ("lz4", "zstd", "blosclz", "zlib")),
)
CODECS_OF_2 = (Zstd(level=1), BloscOf2(cname="zstd"), BloscOf2(cname="lz4", shuffle=0))
DTYPES = ("bool", "uint8", "int16", "uint32", "uint64", "float32")


def stored(path: Path, values: np.ndarray, **options: Any) -> Any:
    array = zarr.create_array(str(path), shape=values.shape, overwrite=True, **{"dtype": values.dtype, **options})
    array[...] = values
    return array


def reader(array: Any) -> ZarrReader:
    found = ZarrReader(array)
    assert found.gives_chunks
    return found


@given(data=st.data(), zarr_format=st.sampled_from([2, 3]), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99))
def test_regions_are_those_that_zarr_gives(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, zarr_format: int, dtype: str, seed: int
) -> None:
    shape = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple), "shape")
    chunks = data.draw(st.tuples(*(st.integers(1, size) for size in shape)), "chunks")
    codec = data.draw(st.sampled_from(CODECS_OF_2 if zarr_format == 2 else CODECS_OF_3), "codec")
    separator = data.draw(st.sampled_from("./"), "separator")
    values = np.random.default_rng(seed).integers(0, 3, shape).astype(dtype)
    path = tmp_path_factory.mktemp("chunks") / "a.zarr"
    encoding = {"name": "v2" if zarr_format == 2 else "default", "separator": separator}
    array = stored(
        path,
        values,
        chunks=chunks,
        compressors=codec,
        zarr_format=zarr_format,
        fill_value=data.draw(st.sampled_from([0, 1]), "fill value"),
        chunk_key_encoding=encoding,
    )
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and file.name[0] in "c0123456789"]
    for file in data.draw(st.sets(st.sampled_from(files)), "missing") if files else ():
        file.unlink()
    array = zarr.open_array(str(path), mode="r")
    bounds = [sorted(data.draw(st.tuples(st.integers(-1, size), st.integers(0, size + 2)))) for size in shape]
    region = tuple(itertools.starmap(slice, bounds))
    read = reader(array)[region]
    expected = np.asarray(array[region])
    assert read.dtype == expected.dtype
    assert np.array_equal(read, expected)
    assert read.flags.writeable


@pytest.mark.parametrize("codec", [ZstdCodec(), BloscCodec()])
def test_a_whole_chunk_is_decoded_into_its_place(tmp_path: Path, codec: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    array = stored(tmp_path / "a", np.arange(60, dtype=np.uint16).reshape(6, 10), chunks=(3, 5), compressors=codec)
    found, places = reader(array), []
    decode = found.decode
    monkeypatch.setattr(found, "decode", lambda number, data, into: (places.append(into), decode(number, data, into)))
    read = found[3:6, 5:10]
    assert np.array_equal(read, array[3:6, 5:10])
    assert places[0] is read
    part = found[3:5, 5:10]
    assert part.base is None, "a part would keep its whole chunk in memory"


def test_steps_are_left_to_zarr(tmp_path: Path) -> None:
    array = stored(tmp_path / "a", np.arange(20, dtype=np.uint16), chunks=(6,), compressors=ZstdCodec())
    assert np.array_equal(reader(array)[(slice(1, 19, 4),)], np.arange(1, 19, 4))
    assert reader(array)[(slice(5, 5),)].shape == (0,)


@pytest.mark.parametrize("region", [..., ([0, 2],), (np.array([1, 3]),)], ids=["all", "list", "array"])
def test_other_ways_to_ask_are_left_to_zarr(tmp_path: Path, region: Any) -> None:
    values = np.arange(20, dtype=np.uint16)
    array = stored(tmp_path / "a.zarr", values, chunks=(6,), compressors=ZstdCodec())
    assert np.array_equal(reader(array)[region], values[region])
    assert np.array_equal(read_labels(tmp_path / "a.zarr")[region], values[region])


@pytest.mark.parametrize("number", [2, np.int64(2), np.uint8(2)], ids=["int", "int64", "uint8"])
def test_one_plane_is_asked_for_by_any_whole_number(tmp_path: Path, number: Any) -> None:
    values = np.arange(60, dtype=np.uint16).reshape(4, 3, 5)
    stored(tmp_path / "a.zarr", values, chunks=(2, 3, 4), compressors=ZstdCodec())
    assert np.array_equal(read_labels(tmp_path / "a.zarr")[number], values[2])


OTHERS: dict[str, dict[str, Any]] = {
    "gzip": {"compressors": GzipCodec()},
    "no codec": {"compressors": None},
    "two codecs": {"compressors": [ZstdCodec(), Crc32cCodec()]},
    "high bytes first": {"compressors": ZstdCodec(), "serializer": BytesCodec(endian="big")},
    "shards": {"compressors": ZstdCodec(), "shards": (4, 4)},
    "a filter": {"compressors": ZstdCodec(), "filters": [zarr.codecs.TransposeCodec(order=(1, 0))]},
    "gzip of Zarr 2": {"compressors": GZip(), "zarr_format": 2},
    "a filter of Zarr 2": {"compressors": Zstd(), "zarr_format": 2, "filters": [Delta(dtype="u2")]},
    "high bytes first of Zarr 2": {"compressors": Zstd(), "zarr_format": 2, "dtype": ">u2"},
    "shards that are compressed": {"compressors": ZstdCodec(), "serializer": ShardingCodec(chunk_shape=(1, 1))},
    "Fortran order": {"compressors": Zstd(), "zarr_format": 2, "order": "F"},
}


@pytest.mark.parametrize("options", OTHERS.values(), ids=OTHERS)
def test_what_needs_more_than_the_codec_is_left_to_zarr(tmp_path: Path, options: dict[str, Any]) -> None:
    values = np.arange(48, dtype=np.uint16).reshape(6, 8)
    array = stored(tmp_path / "a.zarr", values, chunks=(2, 2), **options)
    assert not ZarrReader(array).gives_chunks
    assert np.array_equal(np.asarray(read_labels(tmp_path / "a.zarr")), values)


def test_chunks_without_a_fill_value_are_left_to_zarr(tmp_path: Path) -> None:
    values = np.arange(1, 13, dtype=np.uint16)
    stored(tmp_path / "a.zarr", values, chunks=(4,), compressors=Zstd(), zarr_format=2, fill_value=None)
    (tmp_path / "a.zarr" / "1").unlink()
    array = zarr.open_array(str(tmp_path / "a.zarr"), mode="r")
    assert array.fill_value is None
    found = ZarrReader(array)
    assert not found.gives_chunks
    assert np.array_equal(found[(slice(0, 12),)], array[:])


def test_another_store_is_left_to_zarr() -> None:
    array = zarr.create_array(zarr.storage.MemoryStore(), shape=(4,), dtype="u2", compressors=ZstdCodec())
    assert not ZarrReader(array).gives_chunks


@pytest.mark.parametrize("codec", [ZstdCodec(), BloscCodec()], ids=["zstd", "blosc"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data, other: data[: len(data) // 2], "truncated or not readable as Zarr"),
        (lambda data, other: b"", "truncated or not readable as Zarr"),
        (lambda data, other: bytes(40), "truncated or not readable as Zarr"),
        (
            lambda data, other: other,
            "truncated or not readable as Zarr: a chunk of 1024 bytes; those of this array have 2048",
        ),
    ],
    ids=["cut", "empty", "zeros", "too small"],
)
def test_a_damaged_chunk_is_named(tmp_path: Path, codec: Any, damage: Any, message: str) -> None:
    values = np.random.default_rng(0).integers(0, 9, 2048).astype(np.uint16)
    stored(tmp_path / "a.zarr", values, chunks=(1024,), compressors=codec)
    stored(tmp_path / "b.zarr", values, chunks=(512,), compressors=codec)
    file = tmp_path / "a.zarr" / "c" / "1"
    file.write_bytes(damage(file.read_bytes(), (tmp_path / "b.zarr" / "c" / "1").read_bytes()))
    labels = read_labels(tmp_path / "a.zarr")
    assert np.array_equal(labels[0:1024], values[:1024])
    with pytest.raises(DataError, match=message) as caught:
        labels[0:2048]
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(("clevel", "is_copied"), [(5, False), (0, True)], ids=["packed", "copied"])
@pytest.mark.parametrize("length", [0, 8, 15, 17, 1000, 4096])
def test_a_blosc_buffer_that_is_cut_off_is_refused_before_it_is_decoded(
    tmp_path: Path, clevel: int, is_copied: bool, length: int
) -> None:
    values = np.random.default_rng(0).integers(0, 4, 1 << 15).astype(np.uint8)
    codec = BloscCodec(cname="zstd", clevel=clevel)
    array = stored(tmp_path / "a.zarr", values, chunks=values.shape, compressors=codec)
    file = tmp_path / "a.zarr" / "c" / "0"
    whole = file.read_bytes()
    assert (len(whole) > values.nbytes) is is_copied
    file.write_bytes(whole + b"more")
    assert np.array_equal(reader(array)[(slice(None),)], values)
    cut = [whole[:length]]
    if is_copied and length > 16:
        cut.append(whole[:12] + length.to_bytes(4, "little") + whole[16:length])
    for data in cut:
        file.write_bytes(data)
        with pytest.raises(DataError, match="c/0: truncated or not readable as Zarr: a Blosc buffer that is cut off"):
            reader(array)[(slice(None),)]


SKIPPED = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"\x07" * 5
RAW = np.arange(64, dtype=np.uint16).tobytes()


@pytest.mark.parametrize(
    "frames",
    [
        Zstd().encode(RAW[:64]) + Zstd().encode(RAW[64:]),
        Zstd().encode(b"") + Zstd().encode(RAW),
        SKIPPED + Zstd().encode(RAW),
        Zstd().encode(RAW) + SKIPPED,
    ],
    ids=["two", "an empty one", "one is skipped", "the last is skipped"],
)
def test_several_frames_are_one_chunk(tmp_path: Path, frames: bytes) -> None:
    array = stored(tmp_path / "a.zarr", np.ones(64, np.uint16), chunks=(64,), compressors=ZstdCodec())
    (tmp_path / "a.zarr" / "c" / "0").write_bytes(frames)
    assert array[:].tobytes() == RAW
    assert reader(array)[(slice(None),)].tobytes() == RAW


@pytest.mark.parametrize(
    "frames",
    [Zstd().encode(RAW[:64]), SKIPPED + Zstd().encode(RAW[:64]), SKIPPED, Zstd().encode(RAW) + Zstd().encode(RAW)],
    ids=["half", "half behind one that is skipped", "none", "twice"],
)
def test_frames_of_another_size_leave_no_memory_as_it_was(tmp_path: Path, frames: bytes) -> None:
    array = stored(tmp_path / "a.zarr", np.ones(64, np.uint16), chunks=(64,), compressors=ZstdCodec())
    (tmp_path / "a.zarr" / "c" / "0").write_bytes(frames)
    with pytest.raises(DataError, match="c/0: truncated or not readable as Zarr"):
        reader(array)[(slice(None),)]


@pytest.mark.parametrize("size", [1, 255, 256, 65_791, 65_792, 1 << 17])
def test_frames_of_every_size_of_a_size(tmp_path: Path, size: int) -> None:
    values = np.random.default_rng(0).integers(0, 255, size).astype(np.uint8)
    array = stored(tmp_path / "a.zarr", values, chunks=(size,), compressors=ZstdCodec(checksum=True), fill_value=7)
    assert np.array_equal(reader(array)[(slice(0, size),)], values)


def test_a_frame_that_states_no_size(tmp_path: Path) -> None:
    values = np.arange(256, dtype=np.uint16)
    array = stored(tmp_path / "a.zarr", values, chunks=(256,), compressors=ZstdCodec())
    head, is_last = b"\x28\xb5\x2f\xfd\x00\x58", 1
    frame = head + (is_last | values.nbytes << 3).to_bytes(3, "little") + values.tobytes()
    (tmp_path / "a.zarr" / "c" / "0").write_bytes(frame)
    assert np.array_equal(array[:], values)
    assert np.array_equal(reader(array)[(slice(0, 256),)], values)
    (tmp_path / "a.zarr" / "c" / "0").write_bytes(head + (is_last | 511 << 3).to_bytes(3, "little") + bytes(511))
    with pytest.raises(DataError, match="c/0: truncated or not readable as Zarr"):
        reader(array)[(slice(0, 256),)]


def test_a_chunk_that_claims_more_than_memory_holds_takes_none(tmp_path: Path) -> None:
    array = zarr.create_array(
        str(tmp_path / "a.zarr"), shape=(6, 6), chunks=(1 << 40, 1 << 20), dtype="uint32", compressors=ZstdCodec()
    )
    found = ZarrReader(array)
    assert np.array_equal(found[1:3, 2:5], np.zeros((2, 3), np.uint32))
    path = tmp_path / "a.zarr" / "c" / "0" / "0"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"anything")
    with pytest.raises(DataError, match=r"does not fit into memory|truncated or not readable"):
        read_labels(tmp_path / "a.zarr")[1:3, 2:5]


def test_a_frame_that_states_more_than_memory_holds_takes_none(tmp_path: Path) -> None:
    array = stored(tmp_path / "a.zarr", np.ones(64, np.uint16), chunks=(64,), compressors=ZstdCodec())
    (tmp_path / "a.zarr" / "c" / "0").write_bytes(FRAME + b"\xe0" + (1 << 45).to_bytes(8, "little") + b"\x01\x00\x00")
    with pytest.raises(DataError, match=f"a chunk of {1 << 45} bytes; those of this array have 128"):
        reader(array)[(slice(None),)]


FRAME = b"\x28\xb5\x2f\xfd"


@pytest.mark.parametrize(
    ("header", "stated"),
    [
        (FRAME + b"\x20\x07", 7),
        (FRAME + b"\x21\xff\x07", 7),
        (FRAME + b"\x22\xff\xff\x07", 7),
        (FRAME + b"\x23\xff\xff\xff\xff\x07", 7),
        (FRAME + b"\x40\xff\x07\x01", 256 + 263),
        (FRAME + b"\x60\x07\x01", 256 + 263),
        (FRAME + b"\x80\xff\x07\x01\x00\x00", 263),
        (FRAME + b"\xa1\xff\x07\x01\x00\x00", 263),
        (FRAME + b"\xc0\xff\x07\x01\x00\x00\x00\x00\x00\x00", 263),
        (FRAME + b"\x00\xff\x07", None),
        (FRAME, 0),
        (b"\x50\x2a\x4d\x18\x20\x07", 0),
    ],
)
def test_the_size_that_a_frame_states(header: bytes, stated: int | None) -> None:
    assert _frame_bytes(header) == stated
