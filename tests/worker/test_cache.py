from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from harness.errors import StoreError
from harness.model import Volume
from harness.store import StageTiming
from harness.worker.cache import CorruptEntryError, Setting, StageCache, output_hash, timing_here

HERE = Setting("m", "cpu", 2, "e")
TIMING = StageTiming("s", load_s=1.0, first_s=2.0, steady_s=(3.0,), peak_bytes=4)
KEY = "ab" + "0" * 62


@pytest.fixture
def cache(tmp_path: Path) -> StageCache:
    return StageCache(tmp_path)


@pytest.fixture
def volume() -> Volume:
    return Volume(np.arange(6, dtype=np.uint16).reshape(1, 2, 3), "CYX", (0.5, 0.25), ("x",))


def test_round_trip(cache: StageCache, volume: Volume) -> None:
    assert cache.entry(KEY) is None
    cache.put(KEY, {"image": volume}, TIMING, HERE)
    entry = cache.entry(KEY)
    assert entry is not None
    read = entry.read("image")
    assert np.array_equal(read.array, volume.array)
    assert read.array.dtype == volume.array.dtype
    assert (read.axes, read.spacing_um, read.channels) == ("CYX", (0.5, 0.25), ("x",))
    assert (entry.timing, entry.setting) == (TIMING, HERE)
    assert entry.output_hash == output_hash(entry.hashes)


def test_second_writer_of_a_key_leaves_the_first(cache: StageCache, volume: Volume) -> None:
    cache.put(KEY, {"image": volume}, TIMING, HERE)
    cache.put(KEY, {"image": volume}, StageTiming("s"), HERE)
    entry = cache.entry(KEY)
    assert entry is not None
    assert entry.timing == TIMING
    assert list((cache.folder / "partial").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not an array"])
def test_damaged_arrays_are_noticed(cache: StageCache, volume: Volume, content: bytes) -> None:
    cache.put(KEY, {"image": volume}, TIMING, HERE)
    entry = cache.entry(KEY)
    assert entry is not None
    (entry.folder / "image.npy").write_bytes(content)
    with pytest.raises(CorruptEntryError, match=r"image\.npy"):
        entry.read("image")
    cache.drop(KEY)
    assert cache.entry(KEY) is None


def test_changed_bytes_and_damaged_descriptions_are_noticed(cache: StageCache, volume: Volume) -> None:
    cache.put(KEY, {"image": volume}, TIMING, HERE)
    entry = cache.entry(KEY)
    assert entry is not None
    np.save(entry.folder / "image.npy", volume.array + 1)
    with pytest.raises(CorruptEntryError, match="bytes have changed"):
        entry.read("image")
    for text in ("", "{}", '{"schema": 99}'):
        (entry.folder / "meta.json").write_text(text)
        with pytest.raises(CorruptEntryError, match=r"meta\.json"):
            cache.entry(KEY)


def test_full_disk_leaves_nothing(cache: StageCache, volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", save)
    with pytest.raises(StoreError, match="No space left on device"):
        cache.put(KEY, {"image": volume}, TIMING, HERE)
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
    assert timing_here(TIMING, HERE, HERE).first_s == 2.0
    assert timing_here(TIMING, HERE, HERE).cached
    others = (
        Setting("n", "cpu", 2, "e"),
        Setting("m", "cuda", 2, "e"),
        Setting("m", "cpu", 1, "e"),
        Setting("m", "cpu", 2, "f"),
    )
    for other in others:
        assert timing_here(TIMING, other, HERE) == StageTiming("s", cached=True)


def test_one_hash_of_several_slots() -> None:
    assert output_hash({"labels": "h"}) == "h"
    assert output_hash({"a": "1", "b": "2"}) == output_hash({"b": "2", "a": "1"}) != output_hash({"a": "2", "b": "1"})
