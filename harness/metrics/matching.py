"""Which objects find a partner, from the pairs that pass a test, and the counts that this makes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.metrics.counts import Counts
from harness.metrics.overlap import OverlapTable, Pairs

_ROUNDS = 8
"""How often pairs are looked for that must be partners: each round may make others so."""


class Matched(NamedTuple):
    """True positives, false positives, false negatives, and the summed IoU (or other score) of the matched pairs."""

    tp: int
    fp: int
    fn: int
    iou: float


def matched_pairs(pairs: Pairs, hits: np.ndarray) -> np.ndarray:
    """Return the indices of the most one-to-one partners among the pairs where `hits`, (p,) bool, is true.

    Their number is what an optimal assignment that prefers any hit to any score reaches. Above an intersection over
    union of one half partners are unique and every hit is one; otherwise the answer is a maximum matching of the sparse
    graph of hits, never a dense truth by prediction matrix.
    """
    chosen = np.flatnonzero(hits)
    rows, cols = pairs.rows[chosen], pairs.cols[chosen]
    if not np.any(rows[1:] == rows[:-1]) and np.unique(cols).size == cols.size:
        return chosen
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    row_of, col_of = (np.unique(index, return_inverse=True)[1] for index in (rows, cols))
    graph = csr_array((np.ones(rows.size, np.uint8), (row_of, col_of)))
    partner = maximum_bipartite_matching(graph, perm_type="column")
    matched: np.ndarray = chosen[partner[row_of] == col_of]
    return matched


def heaviest_pairs(pairs: Pairs, weights: np.ndarray) -> np.ndarray:
    """Return the indices of the one-to-one partners whose weights, (p,) float64 above 0, have the greatest sum.

    The optimum of a linear assignment of truth to predicted objects in which pairs that share no voxel weigh nothing,
    found on the sparse graph of the pairs. Where several sets of partners reach the optimum one of them is returned,
    the same at every call.
    """
    certain, open_pairs = _certain_pairs(pairs.rows, pairs.cols, weights)
    if not open_pairs.size:
        return certain
    rest = _assigned(pairs.rows[open_pairs], pairs.cols[open_pairs], weights[open_pairs])
    return np.sort(np.concatenate([certain, open_pairs[rest]]))


def _certain_pairs(rows: np.ndarray, cols: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of pairs that every optimal assignment has, and of those that are still open without them.

    A pair that weighs more than the best other pair of its row and that of its column together is in all optima, for
    any assignment without it gains by taking it. In segmentations these are nearly all pairs, and few are left to be
    assigned, whose cost grows faster than their number.
    """
    certain, open_pairs = np.zeros(0, np.intp), np.arange(rows.size)
    for _ in range(_ROUNDS):
        at, to, weight = rows[open_pairs], cols[open_pairs], weights[open_pairs]
        found = weight > _best_other(at, weight) + _best_other(to, weight)
        if not found.any():
            break
        certain = np.concatenate([certain, open_pairs[found]])
        open_pairs = open_pairs[~np.isin(at, at[found]) & ~np.isin(to, to[found])]
    return np.sort(certain), open_pairs


def _best_other(groups: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return for each pair the greatest weight of another pair of its group, 0 where there is none."""
    order = np.lexsort((-weights, groups))
    group, weight = groups[order], weights[order]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(first, append=group.size)
    best_other = np.repeat(weight[first], sizes)
    best_other[first] = np.where(sizes > 1, weight[np.minimum(first + 1, group.size - 1)], 0)
    others = np.empty_like(weights)
    others[order] = best_other
    return others


def _assigned(rows: np.ndarray, cols: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the indices of the pairs of an assignment of greatest weight."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    row_of, col_of = (np.unique(index, return_inverse=True)[1] for index in (rows, cols))
    n_rows, n_cols = int(row_of.max()) + 1, int(col_of.max()) + 1
    # A full matching is asked for: each row has a column of its own, at the cost of a pair of weight 0.
    most = float(weights.max()) + 1
    alone = np.arange(n_rows)
    graph = csr_array(
        (
            np.concatenate([most - weights, np.full(n_rows, most)]),
            (np.concatenate([row_of, alone]), np.concatenate([col_of, n_cols + alone])),
        )
    )
    _, partner = min_weight_full_bipartite_matching(graph)
    heaviest: np.ndarray = np.flatnonzero(partner[row_of] == col_of)
    return heaviest


def greedy_pairs(pairs: Pairs, hits: np.ndarray) -> np.ndarray:
    """Return the indices of one-to-one partners among the pairs where `hits`, (p,) bool, is true, best IoU first.

    A pair is taken when neither of its objects has a partner yet; equal pairs go by predicted, then by truth object.
    """
    chosen = np.flatnonzero(hits)
    order = chosen[np.lexsort((pairs.rows[chosen], pairs.cols[chosen], -pairs.iou[chosen]))]
    found, order = _first_of_both(pairs, order)
    taken_rows: set[int] = set()
    taken_cols: set[int] = set()
    rest = []
    for index, row, col in zip(order.tolist(), pairs.rows[order].tolist(), pairs.cols[order].tolist(), strict=True):
        if row not in taken_rows and col not in taken_cols:
            taken_rows.add(row)
            taken_cols.add(col)
            rest.append(index)
    return np.sort(np.concatenate([found, np.array(rest, np.intp)]))


def _first_of_both(pairs: Pairs, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return indices of pairs that come first in an order among those of either of their objects, and what they leave.

    To take them at once is to take them one by one. Hardly a pair of a million is left for that after some rounds.
    """
    found = np.zeros(0, np.intp)
    for _ in range(_ROUNDS):
        if not order.size:
            break
        rows, cols = pairs.rows[order], pairs.cols[order]
        best = _is_first(rows) & _is_first(cols)
        found = np.concatenate([found, order[best]])
        order = order[~(_is_among(rows, rows[best]) | _is_among(cols, cols[best]))]
    return found, order


def _is_first(groups: np.ndarray) -> np.ndarray:
    """Return whether each place is the first one of its group, (n,) bool."""
    places = np.arange(groups.size)
    first = np.zeros(int(groups.max()) + 1, np.intp)
    first[groups[::-1]] = places[::-1]  # of several values for one place the last one stays
    is_first: np.ndarray = first[groups] == places
    return is_first


def _is_among(groups: np.ndarray, some: np.ndarray) -> np.ndarray:
    """Return whether each group is one of some, (n,) bool."""
    among = np.zeros(int(groups.max()) + 1, bool)
    among[some] = True
    is_among: np.ndarray = among[groups]
    return is_among


def one_to_one(pairs: Pairs, hits: np.ndarray, n_truth: int, n_pred: int, scores: np.ndarray | None = None) -> Matched:
    """Return the counts of a one-to-one matching of objects, given how many there are on either side.

    `scores`, (p,) float64, are what is summed over the matched pairs in place of their IoU.
    """
    chosen = matched_pairs(pairs, hits)
    summed = float((pairs.iou if scores is None else scores)[chosen].sum())
    return Matched(chosen.size, n_pred - chosen.size, n_truth - chosen.size, summed)


def object_counts(table: OverlapTable) -> Counts:
    """Count objects and voxels, and the matches with an IoU above one half (exactly compared, so partners are unique).

    objects.truth, objects.pred              labels other than 0
    voxels.all, voxels.truth, voxels.pred    voxels of the image, and those of objects
    voxels.shared                            voxels that lie in objects of both
    match.50, match.50.iou                   matched pairs, and the sum of their IoU
    """
    pairs = table.objects.candidates(0.5)
    iou = pairs.iou[2 * pairs.counts > pairs.unions]
    return {
        "objects.truth": table.n_truth,
        "objects.pred": table.n_pred,
        "voxels.all": table.voxels,
        "voxels.truth": int(table.truth_sizes[table.first_truth :].sum()),
        "voxels.pred": int(table.pred_sizes[table.first_pred :].sum()),
        "voxels.shared": int(table.objects.counts.sum()),
        "match.50": iou.size,
        "match.50.iou": exact_sum(iou),
    }


def exact_sum(scores: np.ndarray) -> float:
    """Return the sum of scores from one half to 1, (n,) float64: the double nearest the exact one, as `math.fsum` has.

    Such scores are multiples of 2**-53, so that whole numbers hold their sum; upper and lower bits are added apart, for
    a thousand scores already would not fit into 64 bits.
    """
    multiples = (scores * 2.0**53).astype(np.int64)
    upper, lower = int((multiples >> 26).sum()), int((multiples & (2**26 - 1)).sum())
    return ((upper << 26) + lower) / 2**53


def rows_and_columns_hit(pairs: Pairs, hits: np.ndarray) -> tuple[int, int]:
    """Return how many truth objects, and how many predicted ones, have at least one hit."""
    return np.unique(pairs.rows[hits]).size, np.unique(pairs.cols[hits]).size
