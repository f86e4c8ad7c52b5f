"""The least spanning tree of mutual reachability, from neighbours and from gaps between what neighbours join."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from harness.stages.embedding.cells import Cells, in_parts

_POINTS_PER_TASK = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Edges of a tree or forest: ends (int64, edges x 2) and squared lengths (float32)."""

    ends: np.ndarray
    lengths: np.ndarray

    def of(self, which: np.ndarray) -> Edges:
        """Return some of the edges."""
        return Edges(self.ends[which], self.lengths[which])


def spanning_tree(
    cells: Cells, core: np.ndarray, near: np.ndarray, crowded: np.ndarray, resolution: float, threads: int
) -> Edges:
    """Return the n - 1 edges, ascending, of a spanning tree of the vectors in cells.

    `core` holds squared core distances and `near` the neighbours within them. An edge of the least spanning tree is at
    least as long as the core distances of both ends. If it is no longer than the larger one, its ends are neighbours,
    and a pass over the neighbours by falling density finds it. Longer ones lead over a gap and are searched for by
    Boruvka's algorithm between the parts that neighbours join surely. Gaps below `resolution` are left out, and
    vectors of `crowded` regions look for none unless their part has no other edge.
    """
    from harness.stages.embedding import _linkage

    count = len(core)
    ends = np.empty((max(count - 1, 0), 2), dtype=np.int64)
    lengths = np.empty(len(ends), dtype=np.float32)
    sure = np.empty(len(ends), dtype=bool)
    made = _linkage.join_by_density(np.argsort(core, kind="stable"), core, near, ends, lengths, sure)
    forest = Edges(ends[:made], lengths[:made])
    settled = sure[:made] | (forest.lengths <= np.float32(resolution * resolution))
    part = _components(count, forest.ends[settled])
    chosen = [forest.of(settled)]
    if part.max(initial=0) > 0:
        chosen.append(_Gaps(cells, core, part, crowded, threads).joined(forest.of(~settled)))
    every = Edges(np.concatenate([edges.ends for edges in chosen]), np.concatenate([edges.lengths for edges in chosen]))
    return every.of(np.argsort(every.lengths, kind="stable"))


def _components(count: int, ends: np.ndarray) -> np.ndarray:
    """Return the number (int64, from 0) of the component of each of so many nodes."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(ends), dtype=bool), (ends[:, 0], ends[:, 1])), shape=(count, count))
    component: np.ndarray = connected_components(graph, directed=False)[1].astype(np.int64)
    return component


class _Gaps:
    """Boruvka's algorithm between parts of the vectors: each group of parts takes its shortest edge, round by round.

    Vectors are sorted once more, by part within a cell, so that a search passes over those of its own group. What a
    search has found, or that there is nothing shorter, holds as long as the other end is of another group.
    """

    def __init__(self, cells: Cells, core: np.ndarray, part: np.ndarray, crowded: np.ndarray, threads: int) -> None:
        self._order = np.lexsort((part, cells.own))
        self._part = part[self._order]
        self._core = core[self._order]
        self._ring = cells.ring[self._order]
        self._columns = np.ascontiguousarray(cells.columns[:, self._order])
        self._crowded = crowded[self._order]
        self._centres = cells.centres
        own = cells.own[self._order]
        first = np.flatnonzero((np.diff(own, prepend=-1) != 0) | (np.diff(self._part, prepend=-1) != 0))
        self._starts = np.append(first, len(own)).astype(np.int64)
        self._segments = np.searchsorted(own[first], np.arange(cells.centres.shape[1] + 1)).astype(np.int64)
        self._length = np.full(len(own), np.inf, dtype=np.float32)
        self._other = np.full(len(own), -1, dtype=np.int64)
        self._known = np.zeros(len(own), dtype=np.float32)
        self._threads = threads

    def joined(self, contested: Edges) -> Edges:
        """Return the edges that join all parts: of the contested ones and of gaps, the least."""
        place = np.empty_like(self._order)
        place[self._order] = np.arange(len(place))
        contested = Edges(place[contested.ends], contested.lengths)
        group = np.arange(int(self._part.max()) + 1)
        taken = []
        while group.max() > 0:
            open_edges = contested.of(self._apart(contested.ends, group))
            self._search(group, open_edges)
            offered = self._shortest(group, open_edges)
            ends = group[self._part[offered.ends]]
            kept = offered.of(_acyclic(int(group.max()) + 1, ends))
            taken.append(kept)
            group = _components(int(group.max()) + 1, group[self._part[kept.ends]])[group]
        ends = np.concatenate([edges.ends for edges in taken])
        return Edges(self._order[ends], np.concatenate([edges.lengths for edges in taken]))

    def _apart(self, ends: np.ndarray, group: np.ndarray) -> np.ndarray:
        both = group[self._part[ends]]
        apart: np.ndarray = both[:, 0] != both[:, 1]
        return apart

    def _search(self, group: np.ndarray, contested: Edges) -> None:
        """Look for shorter edges than the contested ones, from every vector of which it is not known yet."""
        from harness.stages.embedding import _reach

        best = np.full(int(group.max()) + 1, np.inf, dtype=np.float32)
        for side in (0, 1):
            np.minimum.at(best, group[self._part[contested.ends[:, side]]], contested.lengths)
        own = group[self._part]
        limit = best[own]
        found = self._other >= 0
        found[found] = own[found] != own[self._other[found]]
        self._length[~found] = np.inf
        self._other[~found] = -1
        wanted = ~found & (self._core < limit) & (self._known < limit) & (~self._crowded | np.isinf(limit))
        points = np.flatnonzero(wanted)
        points = points[np.argsort(own[points], kind="stable")]
        edges = np.append(np.flatnonzero(np.diff(own[points], prepend=-1)), len(points))
        tasks = [
            points[begin : min(begin + _POINTS_PER_TASK, end)]
            for first, end in pairwise(edges)
            for begin in range(first, end, _POINTS_PER_TASK)
        ]

        def task(part: slice) -> None:
            for some in tasks[part]:
                _reach.nearest_foreign(
                    self._columns, self._core, self._ring, self._centres, self._segments, self._starts, self._part,
                    group, some, best[own[some[0]]], self._length, self._other, self._known,
                )  # fmt: skip

        in_parts(task, len(tasks), self._threads, 1)

    def _shortest(self, group: np.ndarray, contested: Edges) -> Edges:
        """Return the shortest edge of each group, ascending and once each; contested ones before gaps as long."""
        from_gap = np.flatnonzero(self._other >= 0)
        gaps = Edges(np.stack([from_gap, self._other[from_gap]], axis=1), self._length[from_gap])
        every = Edges(np.concatenate([contested.ends, gaps.ends]), np.concatenate([contested.lengths, gaps.lengths]))
        every = every.of(np.argsort(every.lengths, kind="stable"))
        groups = group[self._part[every.ends]]
        first = [np.unique(groups[:, side], return_index=True) for side in (0, 1)]
        best = np.full(int(group.max()) + 1, len(groups))
        for names, places in first:
            np.minimum.at(best, names, places)
        return every.of(np.unique(best[best < len(groups)]))


def _acyclic(count: int, ends: np.ndarray) -> np.ndarray:
    """Return which edges (bool), taken in order, join nodes that those before do not: ties may offer a circle."""
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    kept = np.zeros(len(ends), dtype=bool)
    for number, (one, other) in enumerate(ends.tolist()):
        mine, its = root(one), root(other)
        kept[number] = mine != its
        parent[mine] = its
    return kept
