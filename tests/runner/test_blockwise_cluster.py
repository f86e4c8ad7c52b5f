from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harness.datasets.readers import write_labels
from harness.errors import HarnessError
from harness.metrics.overlap import overlap_table
from harness.metrics.parts import LabelPairs
from harness.runner import blockwise_cluster
from harness.runner.blockwise import Images
from harness.runner.blockwise_cluster import table_by_cluster
from tests.runner.stored_images import assert_same, stored_images


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Images, np.ndarray, np.ndarray]:
    return stored_images(tmp_path)


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
    monkeypatch.setattr(blockwise_cluster, "FAN_IN", 2)
    monkeypatch.setattr("harness.metrics.blocks.CHUNK_BLOCK", 1 << 12)
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
    monkeypatch.setattr(blockwise_cluster, "count_part", hanging)
    HANGS.clear()
    ENDS.clear()
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


def test_that_no_machine_is_left_is_said(
    stored: tuple[Images, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra 'distributed' is not installed")
    monkeypatch.setattr(blockwise_cluster, "count_part", hanging)
    monkeypatch.setattr(blockwise_cluster, "START_S", 0.2)
    monkeypatch.setattr(blockwise_cluster, "LOOK_S", 0.1)
    HANGS.clear()
    ENDS.clear()
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
    ) as made:

        def lose_when_begun() -> None:
            HANGS.wait(60.0)
            made.sync(made.workers[0].close, executor_wait=False)

        threading.Thread(target=lose_when_begun, daemon=True).start()
        with pytest.raises(HarnessError, match=r"no machine of the cluster came within 0\.2 s"):
            table_by_cluster(stored[0], scheduler=made.scheduler_address)
        ENDS.set()
