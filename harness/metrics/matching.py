"""How many objects find a partner, from the pairs that pass a test."""

from __future__ import annotations

import numpy as np

from harness.metrics.overlap import Pairs


def matched(pairs: Pairs, hits: np.ndarray) -> int:
    """Return the greatest number of one-to-one partners among the pairs where `hits`, (p,) bool, is true.

    This is what an optimal assignment that prefers any hit to any score reaches. Above an intersection over union
    of one half partners are unique and the hits are simply counted; otherwise the answer is a maximum matching of
    the sparse graph of hits, never a dense truth by prediction matrix.
    """
    rows, cols = pairs.rows[hits], pairs.cols[hits]
    if not np.any(rows[1:] == rows[:-1]) and np.unique(cols).size == cols.size:
        return int(rows.size)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    row_of, col_of = (np.unique(index, return_inverse=True)[1] for index in (rows, cols))
    graph = csr_array((np.ones(rows.size, np.uint8), (row_of, col_of)))
    return int(np.count_nonzero(maximum_bipartite_matching(graph) >= 0))


def rows_and_columns_hit(pairs: Pairs, hits: np.ndarray) -> tuple[int, int]:
    """Return how many truth objects, and how many predicted ones, have at least one hit."""
    return np.unique(pairs.rows[hits]).size, np.unique(pairs.cols[hits]).size
