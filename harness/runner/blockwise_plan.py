"""What comparing two large label images takes, before anything is read: blocks, bytes, node-hours, the tree of sums."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.metrics.blocks import PairedBlocks
from harness.runner.blockwise import Parts
from harness.runner.blockwise_cluster import FAN_IN

BYTES_PER_PAIR = 24
"""Of a pair of labels with its count, on the way from one process to another."""
PAIRS_PER_OBJECT = 3
"""Pairs that an object is taken to have: its partner, the background, a neighbour."""
BYTES_PER_S = 5e8
"""Uncompressed bytes of labels that one core is taken to read and count in a second, where nobody says otherwise."""
PAIRS_PER_S = 5e6
"""Pairs that one core is taken to add to a table in a second, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the tree of sums.

    tables        how many stand on it
    bytes_each    of one, on the way to the next level
    seconds_each  of one core to add one up from those of the level below; 0 for the parts, which are counted
    memory_bytes  of the machine that adds one up: what comes in, and the table while it grows for the last time
    """

    tables: int
    bytes_each: int
    seconds_each: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class CountingPlan:
    """How two images are compared.

    read_bytes    uncompressed bytes of both, each voxel once
    seconds       of one core for counting all of them
    levels        tables of the parts first, then their sums, `FAN_IN` at a time
    """

    shape: tuple[int, ...]
    block: tuple[int, ...]
    blocks: int
    parts: int
    workers: int
    read_bytes: int
    seconds: float
    objects: int
    levels: tuple[Level, ...]

    @classmethod
    def of(
        cls,
        blocks: PairedBlocks,
        *,
        workers: int,
        objects: int,
        bytes_per_s: float = BYTES_PER_S,
        pairs_per_s: float = PAIRS_PER_S,
    ) -> CountingPlan:
        """Return the plan for workers of one core each, a number of objects in each image, and measured rates."""
        parts = Parts.of(blocks, workers)
        shape = blocks.regions.shape
        read = math.prod(shape) * (blocks.truth.dtype.itemsize + blocks.pred.dtype.itemsize)
        return cls(
            shape,
            blocks.regions.block,
            len(blocks.regions),
            len(parts),
            workers,
            read,
            read / bytes_per_s,
            objects,
            _levels(len(parts), objects, pairs_per_s),
        )

    @property
    def adding_s(self) -> float:
        """Seconds of one core for all sums."""
        return sum(level.tables * level.seconds_each for level in self.levels)

    @property
    def core_hours(self) -> float:
        """Hours of one core, for counting and adding."""
        return (self.seconds + self.adding_s) / 3600

    @property
    def wall_s(self) -> float:
        """Seconds until the last sum: parts are taken to end at the same time, and a level begins when one has ended.

        The last sums have fewer tables than there are workers: they take as long as one of them.
        """
        rounds = (-(-level.tables // self.workers) * level.seconds_each for level in self.levels)
        return self.seconds / self.workers + sum(rounds)

    def node_hours(self, cores: int) -> float:
        """Hours of nodes with as many cores, all of which count."""
        return self.core_hours / cores


def _levels(parts: int, objects: int, pairs_per_s: float) -> tuple[Level, ...]:
    """Return the tree of sums: an object lies in one part, but for those that a border of parts cuts."""
    pairs = PAIRS_PER_OBJECT * objects
    each = -(-pairs // parts)
    levels, tables = [Level(parts, each * BYTES_PER_PAIR, 0.0, table_bytes(each))], parts
    while tables > 1:
        below, tables = each, -(-tables // FAN_IN)
        each = -(-pairs // tables)
        coming = min(FAN_IN * below, each)
        memory = coming * BYTES_PER_PAIR + table_bytes(each)
        levels.append(Level(tables, each * BYTES_PER_PAIR, coming / pairs_per_s, memory))
    return tuple(levels)


def table_bytes(pairs: int) -> int:
    """Return the most bytes that a table takes in which so many pairs are added, and read at the end.

    It has a power of two of slots, less than two thirds of which are taken. The most is held while it replaces one of
    half its size, or while pairs and counts are copied out of it.
    """
    slots = 1 << (-(-3 * (pairs + 1) // 2) - 1).bit_length()
    growing = (slots + slots // 2) * BYTES_PER_PAIR
    reading = slots * (BYTES_PER_PAIR + 1) + pairs * (BYTES_PER_PAIR + 8)
    return max(growing, reading)
