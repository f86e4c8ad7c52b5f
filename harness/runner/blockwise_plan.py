"""What comparing two large label images takes, before anything is read: blocks, bytes, node-hours, the tree of sums."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.metrics.blocks import PairedBlocks
from harness.runner.blockwise import FAN_IN, Parts

BYTES_PER_PAIR = 24
"""Of a pair of labels with its count, on the way from one process to another."""
PAIRS_PER_OBJECT = 3
"""Pairs that an object is taken to have: its partner, the background, a neighbour."""
BYTES_PER_S = 5e8
"""Uncompressed bytes of labels that one core is taken to read and count in a second, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the tree of sums: how many tables stand on it, and the bytes of one."""

    tables: int
    bytes_each: int


@dataclass(frozen=True, slots=True)
class CountingPlan:
    """How two images are compared.

    read_bytes    uncompressed bytes of both, each voxel once
    seconds       of one core for all of them
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
    def of(cls, blocks: PairedBlocks, *, workers: int, objects: int, bytes_per_s: float = BYTES_PER_S) -> CountingPlan:
        """Return the plan for workers of one core each, and a number of objects in each image."""
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
            _levels(len(parts), objects),
        )

    @property
    def core_hours(self) -> float:
        """Hours of one core."""
        return self.seconds / 3600

    @property
    def wall_s(self) -> float:
        """Seconds of all workers together; the last parts are taken to end at the same time."""
        return self.seconds / self.workers


def _levels(parts: int, objects: int) -> tuple[Level, ...]:
    """Return the tree of sums: an object lies in one part, but for those that a border of parts cuts."""
    whole = PAIRS_PER_OBJECT * objects * BYTES_PER_PAIR
    levels, tables = [Level(parts, -(-whole // parts))], parts
    while tables > 1:
        tables = -(-tables // FAN_IN)
        levels.append(Level(tables, -(-whole // tables)))
    return tuple(levels)
