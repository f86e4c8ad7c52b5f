from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import StoreError
from harness.model import Grid, Volume
from harness.stages.values import Features, Masks, Prompts, Value, content_hash
from harness.store import StageTiming
from harness.worker.cache import (
    CorruptEntryError,
    Made,
    Setting,
    StageCache,
    content_hashes,
    output_hash,
    timing_here,
)

HERE = Setting("m", "cpu", 2, "e")
TIMING = StageTiming("s", load_s=1.0, first_s=2.0, steady_s=(3.0,), peak_bytes=4)
MADE = Made(TIMING, HERE, {"best_epoch": 7, "loss": 0.1})
KEY = "ab" + "0" * 62


@pytest.fixture
def cache(tmp_path: Path) -> StageCache:
    return StageCache(tmp_path)


@pytest.fixture
def volume() -> Volume:
    return Volume(np.arange(6, dtype=np.uint16).reshape(1, 2, 3), "CYX", (0.5, 0.25), ("x",))


def test_round_trip(cache: StageCache, volume: Volume) -> None:
    assert cache.entry(KEY) is None
    cache.put(KEY, {"image": volume}, MADE)
    entry = cache.entry(KEY)
    assert entry is not None
    read = entry.read("image")
    assert isinstance(read, Volume)
    assert np.array_equal(read.array, volume.array)
    assert read.array.dtype == volume.array.dtype
    assert (read.axes, read.spacing_um, read.channels) == ("CYX", (0.5, 0.25), ("x",))
    assert entry.made == MADE
    assert entry.output_hash == output_hash(entry.hashes)


def test_an_entry_is_found_by_the_hash_of_what_it_holds(cache: StageCache, volume: Volume) -> None:
    hashes = cache.put(KEY, {"image": volume}, MADE)
    spoilt = cache.folder / "ab" / ("ab" + "1" * 62)
    spoilt.mkdir(parents=True)
    (spoilt / "meta.json").write_text("{}")
    entry = cache.made(output_hash(hashes))
    assert entry is not None
    assert entry.folder.name == KEY
    assert cache.made("0" * 64) is None


def test_second_writer_of_a_key_leaves_the_first(cache: StageCache, volume: Volume) -> None:
    cache.put(KEY, {"image": volume}, MADE)
    cache.put(KEY, {"image": volume}, Made(StageTiming("s"), HERE))
    entry = cache.entry(KEY)
    assert entry is not None
    assert entry.made == MADE
    assert list((cache.folder / "partial").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not an array"])
def test_damaged_arrays_are_noticed(cache: StageCache, volume: Volume, content: bytes) -> None:
    cache.put(KEY, {"image": volume}, MADE)
    entry = cache.entry(KEY)
    assert entry is not None
    (entry.folder / "image.npy").write_bytes(content)
    with pytest.raises(CorruptEntryError, match=r"image\.npy"):
        entry.read("image")
    cache.drop(KEY)
    assert cache.entry(KEY) is None


def test_changed_bytes_and_damaged_descriptions_are_noticed(cache: StageCache, volume: Volume) -> None:
    cache.put(KEY, {"image": volume}, MADE)
    entry = cache.entry(KEY)
    assert entry is not None
    np.save(entry.folder / "image.npy", volume.array + 1)
    with pytest.raises(CorruptEntryError, match="bytes have changed"):
        entry.read("image")
    meta = json.loads((entry.folder / "meta.json").read_text())
    broken: list[Any] = [{}, [], None, {"schema": 99}]
    broken += [{name: value for name, value in meta.items() if name != left_out} for left_out in meta]
    broken += [{**meta, name: 7} for name in meta]
    broken += [{**meta, "hashes": {}}, {**meta, "made": {**meta["made"], "facts": {"x": "y"}}}]
    for text in ("", "{", *(json.dumps(one) for one in broken)):
        (entry.folder / "meta.json").write_text(text)
        with pytest.raises(CorruptEntryError, match=r"meta\.json"):
            cache.entry(KEY)
    (entry.folder / "meta.json").unlink()
    with pytest.raises(CorruptEntryError, match=r"meta\.json: not there"):
        cache.entry(KEY)
    cache.drop(KEY)
    entry.folder.write_text("a file in place of the folder")
    with pytest.raises(CorruptEntryError, match=r"meta\.json: not there"):
        cache.entry(KEY)
    cache.drop(KEY)
    assert cache.entry(KEY) is None


def test_every_kind_of_value_travels(cache: StageCache, volume: Volume) -> None:
    grid = Grid("YX", (4, 5), (0.5, 0.5))
    values: dict[str, Value] = {
        "image": volume,
        "prompts": Prompts.of(grid, boxes={3: ((0, 0), (2, 2))}, points=[(3, (1.0, 1.0), True)]),
        "masks": Masks.of(grid, [np.eye(4, 5, dtype=bool)], scores=[0.25]),
        "features": Features(np.ones((2, 3), np.float32), grid, {"padded": [8, 8]}),
    }
    hashes = cache.put(KEY, values, MADE)
    assert hashes == content_hashes(values)
    entry = cache.entry(KEY)
    assert entry is not None
    for slot, value in values.items():
        read = entry.read(slot)
        assert type(read) is type(value)
        assert read.header() == value.header()
        for name, array in value.arrays().items():
            assert np.array_equal(read.arrays()[name], array)
            assert read.arrays()[name].dtype == array.dtype
    with pytest.raises(CorruptEntryError, match="no slot 'labels'"):
        entry.read("labels")
    (entry.folder / "masks.scores.npy").unlink()
    with pytest.raises(CorruptEntryError, match=r"masks\.scores\.npy"):
        entry.read("masks")


def test_what_the_header_says_is_part_of_a_value() -> None:
    grid, coarse = Grid("YX", (4, 5)), Grid("YX", (4, 5), (2.0, 2.0))
    hashes = {content_hash(Masks.of(where, [np.eye(4, 5, dtype=bool)])) for where in (grid, grid, coarse)}
    assert len(hashes) == 2


def test_full_disk_names_its_cause_and_leaves_nothing(cache: StageCache) -> None:
    # /dev/full refuses every byte, as a full disk does
    real, large = Path.open, Volume(np.zeros((64, 64)), "YX")

    def full(path: Path, *args: Any, **options: Any) -> Any:
        return real(Path("/dev/full") if path.suffix == ".npy" else path, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(StoreError, match="No space left on device"):
            cache.put(KEY, {"image": large}, MADE)
    assert list((cache.folder / "partial").iterdir()) == []
    assert cache.entry(KEY) is None


def test_sweep_removes_only_what_is_old(cache: StageCache) -> None:
    old, new = (cache.folder / "partial" / name for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
    two_days_ago = time.time() - 2 * 86400
    os.utime(old, (two_days_ago, two_days_ago))
    cache.sweep()
    assert [old.exists(), new.exists()] == [False, True]


def test_times_of_elsewhere_are_left_out() -> None:
    assert timing_here(MADE, HERE).first_s == 2.0
    assert timing_here(MADE, HERE).cached
    others = (
        Setting("n", "cpu", 2, "e"),
        Setting("m", "cuda", 2, "e"),
        Setting("m", "cpu", 1, "e"),
        Setting("m", "cpu", 2, "f"),
    )
    for other in others:
        elsewhere = StageTiming("s", cached=True, device=other.device)
        assert timing_here(Made(TIMING, other), HERE) == elsewhere


def test_one_hash_of_several_slots() -> None:
    assert output_hash({"labels": "h"}) == "h"
    assert output_hash({"a": "1", "b": "2"}) == output_hash({"b": "2", "a": "1"}) != output_hash({"a": "2", "b": "1"})
