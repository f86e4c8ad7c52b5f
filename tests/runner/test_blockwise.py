from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.datasets.readers import write_labels
from harness.errors import HarnessError, LabelError
from harness.metrics.overlap import overlap_table
from harness.metrics.parts import LabelPairs
from harness.runner import blockwise
from harness.runner.blockwise import Images, Parts, count_part, table_by_processes
from tests.runner.stored_images import assert_same, stored_images


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Images, np.ndarray, np.ndarray]:
    return stored_images(tmp_path)


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
    monkeypatch.setattr("harness.metrics.blocks.CHUNK_BLOCK", 1 << 12)
    monkeypatch.setattr("harness.metrics.blocks.LARGEST_COMMON_CHUNK", 1 << 13)
    assert len(images.blocks().regions) > 8
    assert_same(table_by_processes(images, jobs=2), overlap_table(truth, pred))
    ignoring = Images(images.truth, images.pred, 7)
    assert_same(table_by_processes(ignoring, jobs=1), overlap_table(truth, pred, ignore=7))


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
