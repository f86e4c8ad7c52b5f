"""One overlap table of two label images that are larger than memory, counted by several processes.

Each of them opens both images by their names and counts parts: blocks of whole chunks, one after the other. Parts are
added as they come, so that memory grows with the pairs of labels and never with voxels.
"""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache

from harness.datasets.readers import read_labels, split_key
from harness.errors import HarnessError
from harness.metrics.blocks import PairedBlocks, paired_blocks
from harness.metrics.overlap import OverlapTable, table_of_pairs
from harness.metrics.parts import LabelPairs, added, counted

PART_VOXELS = 1 << 28
"""Voxels of a part: seconds of work, so that what a process says and is asked costs nothing beside it."""
PARTS_EACH = 8
"""Parts for each process of an image that is not large: the last ones to end are short."""
RETRIES = 2
"""How often a part is counted again whose process was ended."""


@dataclass(frozen=True, slots=True)
class Images:
    """Two label images by their names ("file.h5:key"), and what to ignore of them: an image by its name, or a label."""

    truth: str
    pred: str
    ignore: str | int | None = None

    def blocks(self, shape: tuple[int, ...] | None = None) -> PairedBlocks:
        """Open both and return how they are read, in blocks of a shape if it is given."""
        ignore = read_labels(self.ignore) if isinstance(self.ignore, str) else self.ignore
        return paired_blocks(read_labels(self.truth), read_labels(self.pred), ignore=ignore, block=shape)

    @classmethod
    def named(cls, truth: str, pred: str, ignore: str | int | None = None) -> Images:
        """Return images by names that hold in any folder."""
        return cls(_absolute(truth), _absolute(pred), _absolute(ignore) if isinstance(ignore, str) else ignore)

    @property
    def files(self) -> list[str]:
        """The files and folders that hold them."""
        return [str(split_key(name)[0]) for name in (self.truth, self.pred, self.ignore) if isinstance(name, str)]


@dataclass(frozen=True, slots=True)
class Parts:
    """How the blocks of an image are shared out: part k holds the blocks from `k * each` on, as they follow on disk."""

    blocks: int
    each: int
    shape: tuple[int, ...]

    @classmethod
    def of(cls, blocks: PairedBlocks, workers: int) -> Parts:
        """Return parts of about `PART_VOXELS`, smaller ones where there would be too few for the workers."""
        count, voxels = len(blocks.regions), math.prod(blocks.regions.block)
        each = min(PART_VOXELS // voxels, count // (workers * PARTS_EACH))
        return cls(count, max(1, each), blocks.regions.block)

    def __len__(self) -> int:
        return -(-self.blocks // self.each)

    def range(self, part: int) -> range:
        """Return the numbers of the blocks of a part."""
        return range(part * self.each, min((part + 1) * self.each, self.blocks))


def count_part(images: Images, shape: tuple[int, ...], numbers: range) -> LabelPairs:
    """Return the label pairs of some blocks of a shape, in whatever process: both images stay open for the next part.

    The shape is that of the process that asks: memory and versions of this one may make others of the same images.
    """
    blocks = _opened(images, shape)
    return counted(blocks, (blocks.regions[number] for number in numbers))


def table_by_processes(images: Images, *, jobs: int) -> OverlapTable:
    """Return the overlap table of two images, counted by `jobs` processes of this machine.

    Raises `LabelError` and `DataError` as `overlap_table` and the readers do, `HarnessError` where processes are ended
    again and again.
    """
    blocks = images.blocks()
    parts = Parts.of(blocks, jobs)
    return table_of(blocks, added(_by_processes(images, parts, jobs)))


def table_of(blocks: PairedBlocks, pairs: LabelPairs) -> OverlapTable:
    """Return the table of two images from the label pairs of all their parts."""
    return table_of_pairs(pairs.ids, pairs.counts, truth=blocks.truth.dtype, pred=blocks.pred.dtype)


def _by_processes(images: Images, parts: Parts, jobs: int) -> Iterator[LabelPairs]:
    """Yield every part once; those of a pool that a signal has ended are counted by another one."""
    left, losses = set(range(len(parts))), 0
    while left:
        try:
            for part, pairs in _by_pool(images, parts, sorted(left), jobs):
                left.remove(part)
                yield pairs
        except BrokenProcessPool as error:
            losses += 1
            if losses > RETRIES:
                raise HarnessError(
                    f"processes that count were ended {losses} times (by hand, or by the kernel when memory ran out); "
                    f"{len(left)} of {len(parts)} parts are not counted"
                ) from error


def _by_pool(images: Images, parts: Parts, numbers: Iterable[int], jobs: int) -> Iterator[tuple[int, LabelPairs]]:
    """Yield number and pairs of parts as they end; no more are handed out than are at work, so that none piles up."""
    context = multiprocessing.get_context("spawn")
    waiting = iter(numbers)
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_decode_in_one_thread) as pool:
        running: dict[Future[LabelPairs], int] = {}
        try:
            while True:
                for part in waiting:
                    running[pool.submit(count_part, images, parts.shape, parts.range(part))] = part
                    if len(running) > jobs:
                        break
                if not running:
                    return
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _decode_in_one_thread() -> None:
    """Keep this process to one core: threads of Zarr and of Blosc would take those of the other processes."""
    import zarr
    from numcodecs import blosc

    zarr.config.set({"threading.max_workers": 1})
    blosc.use_threads = False


def _absolute(name: str) -> str:
    path, key = split_key(name)
    return f"{path.absolute()}:{key}" if key else str(path.absolute())


@lru_cache(maxsize=1)
def _opened(images: Images, shape: tuple[int, ...]) -> PairedBlocks:
    """Return how two images are read, opened once a process."""
    return images.blocks(shape)
