from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from harness.datasets.readers import write_labels
from harness.errors import HarnessError, LabelError
from harness.metrics.overlap import OverlapTable, overlap_table
from harness.metrics.parts import LabelPairs
from harness.runner import blockwise
from harness.runner.blockwise import Images, Parts, count_part, table_by_cluster, table_by_processes
from tests.metrics.test_parts import TABLE

SHAPE = (40, 50, 60)


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Images, np.ndarray, np.ndarray]:
    """Two label images in Zarr, of chunks that differ, and what they hold."""
    rng = np.random.default_rng(3)
    arrays = [np.kron(rng.integers(0, 40, (10, 10, 12)), np.ones((4, 5, 5), int)).astype(np.uint32) for _ in range(2)]
    for name, array, chunks in zip(("truth", "pred"), arrays, ((8, 16, 16), (16, 10, 20)), strict=True):
        made = zarr.create_array(tmp_path / f"{name}.zarr", shape=SHAPE, chunks=chunks, dtype=array.dtype)
        made[...] = array
    return Images.named(str(tmp_path / "truth.zarr"), str(tmp_path / "pred.zarr")), arrays[0], arrays[1]


def assert_same(found: OverlapTable, expected: OverlapTable) -> None:
    assert all(np.array_equal(getattr(found, name), getattr(expected, name)) for name in TABLE)


def test_parts_hold_every_block_once(stored: tuple[Images, np.ndarray, np.ndarray]) -> None:
    blocks = stored[0].blocks()
    for workers in (1, 3):
        parts = Parts.of(blocks, workers)
        assert [number for part in range(len(parts)) for number in parts.range(part)] == list(
            range(len(blocks.regions))
        )
    assert Parts(10, 4, (1,)).range(2) == range(8, 10)


@pytest.mark.slow
def test_processes_count_the_table_of_one(
    stored: tuple[Images, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    images, truth, pred = stored
    monkeypatch.setattr("harness.metrics.blocks.STORAGE_BLOCK", 1 << 12)
    monkeypatch.setattr("harness.metrics.blocks.LARGEST_COMMON_CHUNK", 1 << 13)
    assert len(images.blocks().regions) > 8
    assert_same(table_by_processes(images, jobs=2), overlap_table(truth, pred))
    ignoring = Images(images.truth, images.pred, 7)
    assert_same(table_by_processes(ignoring, jobs=1), overlap_table(truth, pred, ignore=7))


@pytest.fixture
def scheduler() -> Iterator[str]:
    distributed = pytest.importorskip("distributed", reason="the extra 'distributed' is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as made:
        yield made.scheduler_address


def test_a_cluster_counts_the_table_of_one(
    stored: tuple[Images, np.ndarray, np.ndarray], scheduler: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    images, truth, pred = stored
    monkeypatch.setattr(blockwise, "FAN_IN", 2)
    monkeypatch.setattr("harness.metrics.blocks.STORAGE_BLOCK", 1 << 12)
    monkeypatch.setattr("harness.metrics.blocks.LARGEST_COMMON_CHUNK", 1 << 13)
    assert_same(table_by_cluster(images, scheduler=scheduler), overlap_table(truth, pred))
    mask = (truth % 2).astype(np.uint8)
    write_labels(tmp_path / "mask.npy", mask)
    ignoring = Images.named(images.truth, images.pred, str(tmp_path / "mask.npy"))
    assert_same(table_by_cluster(ignoring, scheduler=scheduler), overlap_table(truth, pred, ignore=mask))


def test_what_machines_do_not_see_is_named(
    stored: tuple[Images, np.ndarray, np.ndarray], scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.runner.machines.look", lambda *_: (True, ["/data/a.zarr is not seen"]))
    with pytest.raises(HarnessError, match=r"differ from the one of this run:\n.*: /data/a\.zarr is not seen"):
        table_by_cluster(stored[0], scheduler=scheduler)


def hanging(*_: object) -> LabelPairs:
    HANGS.set()
    ENDS.wait(60.0)
    raise AssertionError("nobody waits for it")


HANGS, ENDS = threading.Event(), threading.Event()


def test_a_scheduler_that_goes_away_while_machines_count_is_said(
    stored: tuple[Images, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra 'distributed' is not installed")
    monkeypatch.setattr(blockwise, "count_part", hanging)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as made:

        async def end() -> None:
            for comm in list(made.scheduler.client_comms.values()):
                comm.comm.abort()

        def end_when_begun() -> None:
            HANGS.wait(60.0)
            made.sync(end)
            ENDS.set()

        threading.Thread(target=end_when_begun, daemon=True).start()
        with pytest.raises(HarnessError, match="the scheduler of the cluster is gone; run again"):
            table_by_cluster(stored[0], scheduler=made.scheduler_address)


def test_parts_of_processes_that_were_ended_are_counted_again(
    stored: tuple[Images, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    images, truth, pred = stored
    losses = [1]

    def by_pool(images: Images, parts: Parts, numbers: list[int], jobs: int) -> Iterator[tuple[int, LabelPairs]]:
        for number in numbers:
            if losses and number == len(parts) - 1:
                losses.pop()
                raise BrokenProcessPool(os.strerror(signal.SIGKILL))
            yield number, count_part(images, parts.shape, parts.range(number))

    monkeypatch.setattr(blockwise, "_by_pool", by_pool)
    assert_same(table_by_processes(images, jobs=2), overlap_table(truth, pred))
    losses.extend([1] * 9)
    with pytest.raises(HarnessError, match=r"were ended 3 times .*; 1 of \d+ parts are not counted"):
        table_by_processes(images, jobs=2)


def test_errors_are_those_of_one_process(tmp_path: Path, stored: tuple[Images, Any, Any]) -> None:
    write_labels(tmp_path / "other.npy", np.ones((2, 3), np.uint8))
    with pytest.raises(LabelError, match="accepted: equal shapes"):
        table_by_processes(Images(stored[0].truth, str(tmp_path / "other.npy")), jobs=2)
