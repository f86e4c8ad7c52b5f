"""Which vectors stand for others when neighbours are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.stages.embedding.cells import Cells

_INNER = 0.95
"""Share of a crowded cell, from its centre outwards, whose vectors look for neighbours among every n-th alone."""
_LEAST_NEIGHBOURS = 3
"""Hubs among the neighbours of a vector, at least, wherever vectors are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Hubs:
    """Vectors that neighbours are looked for among, in the order of the cells.

    index    int64 (hubs,): which vector of the cells each one is
    of       int64 (n,): the number of a vector among the hubs, -1 for others
    weights  int64 (hubs,): for how many vectors each one counts
    starts   int64 (cells + 1,): where the hubs of each cell begin
    """

    index: np.ndarray
    of: np.ndarray
    weights: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Crowds:
    """How crowded cells are thinned.

    inner  bool (n,): whether the vector lies in the inner part of a crowded cell
    few    hubs for those vectors: every n-th of all vectors of crowded cells, and all others
    many   hubs for the other vectors: every n-th of the inner ones, and all others
    """

    inner: np.ndarray
    few: Hubs
    many: Hubs


def crowds_of(cells: Cells, candidates: int, neighbours: int) -> Crowds:
    """Return which vectors are looked at in place of all in cells of more than `candidates`.

    n is as large as leaves `candidates` in a cell and some neighbours of `neighbours` to each vector. Vectors are taken
    by their distance to the centre, so that every distance keeps its share.
    """
    count = len(cells.rows)
    few, many = np.ones(count, dtype=np.int64), np.ones(count, dtype=np.int64)
    inner = np.zeros(count, dtype=bool)
    for begin, end in zip(cells.starts, cells.starts[1:], strict=False):
        every = min(int(end - begin) // candidates, neighbours // _LEAST_NEIGHBOURS)
        if every < 2:
            continue
        middle = begin + int(_INNER * (end - begin)) // every * every
        inner[begin:middle] = True
        for weights, last in ((few, end), (many, middle)):
            weights[begin:last] = 0
            weights[begin + every // 2 : last : every] = every
    return Crowds(inner, _hubs(few, cells.starts), _hubs(many, cells.starts))


def _hubs(weights: np.ndarray, cell_starts: np.ndarray) -> Hubs:
    index = np.flatnonzero(weights)
    of = np.full(len(weights), -1, dtype=np.int64)
    of[index] = np.arange(len(index))
    return Hubs(index, of, weights[index], np.searchsorted(index, cell_starts).astype(np.int64))
