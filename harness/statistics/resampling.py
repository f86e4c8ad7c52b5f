"""Means over units that lie in one another (data set, sample, seed), resampled level by level: the cluster bootstrap.

A unit is a path, for example (data set, sample, seed). The mean is taken level by level: of seeds, of samples in a
data set, of data sets, so that a unit weighs as much as its siblings however much lies in it. A resample draws as many
units of the first level as there are, with replacement, and within each of them as many of the next as it has, and so
on (Davison and Hinkley 1997, section 3.8, doi:10.1017/CBO9780511802843). Levels on which nothing differs are left out:
one data set is no sample of data sets.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

RESAMPLES = 9999
CHUNK = 1 << 22
"""Weights that are held at a time: resamples times units."""

Path = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """Units in an order in which the children of a unit lie side by side.

    order   (n,) int64: positions of the leaves in the order in which they were given
    levels  which levels of the paths were kept
    starts  by level: (units of the level above,) int64, where the children of each begin
    sizes   by level: how many children each has
    """

    order: np.ndarray
    levels: tuple[int, ...]
    starts: tuple[np.ndarray, ...]
    sizes: tuple[np.ndarray, ...]

    @property
    def leaves(self) -> int:
        """Number of values."""
        return self.order.size

    @property
    def units(self) -> int:
        """Number of units on the first level."""
        return int(self.sizes[0][0])

    def weights(self) -> np.ndarray:
        """Return what each leaf weighs in the mean, (leaves,) float64 in the tree's order, of sum 1."""
        weights = np.ones(1)
        for sizes in self.sizes:
            weights = np.repeat(weights / sizes, sizes)
        return weights


def tree_of(paths: Sequence[Path]) -> Tree:
    """Return the tree of units; paths have one length, and no two are equal.

    Levels at which every unit has one child, or of which there is one unit, are left out.
    Raises ValueError for no paths, paths of several lengths, and a path that stands twice.
    """
    lengths = {len(path) for path in paths}
    if not paths or len(lengths) != 1 or lengths == {0}:
        raise ValueError(
            f"units need paths of one length, one or more; found lengths {sorted(lengths) or 'of nothing'}"
        )
    if len(set(paths)) != len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise ValueError(f"the unit {twice} stands there twice; accepted: one value a unit")
    prefixes: dict[Path, int] = {}
    for path in paths:
        for length in range(1, len(path) + 1):
            prefixes.setdefault(path[:length], len(prefixes))
    order = sorted(range(len(paths)), key=lambda n: [prefixes[paths[n][:k]] for k in range(1, len(paths[n]) + 1)])
    kept = [paths[number] for number in order]
    sizes = [_children(kept, level) for level in range(lengths.pop())]
    levels = [level for level, one in enumerate(sizes) if one.max() > 1] or [len(sizes) - 1]
    useful = [sizes[level] for level in levels]
    return Tree(np.array(order), tuple(levels), tuple(np.cumsum(one) - one for one in useful), tuple(useful))


def _children(paths: Sequence[Path], level: int) -> np.ndarray:
    """Return how many units of a level lie in each unit of the level above, in the order of sorted paths."""
    found: dict[Path, dict[Path, None]] = {}
    for path in paths:
        found.setdefault(path[:level], {})[path[: level + 1]] = None
    return np.array([len(children) for children in found.values()])


def resampled_means(
    values: np.ndarray, tree: Tree, *, resamples: int = RESAMPLES, seed: int = 0, fixed: int = 0
) -> np.ndarray:
    """Return the mean of each column in each resample, (resamples, columns) float64.

    `values` is (leaves, columns), in the order in which the paths were given. All columns share the resamples, so that
    their differences are paired. The first `fixed` levels of the paths are not drawn from: each of their units is in
    every resample.
    A NaN is left out of its column's mean, which is NaN where nothing else was drawn.
    """
    ordered = np.asarray(values, dtype=float)[tree.order]
    known = np.isfinite(ordered)
    filled = np.where(known, ordered, 0.0)
    is_whole = bool(known.all())
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, ordered.shape[1]))
    step = max(1, CHUNK // tree.leaves)
    for start in range(0, resamples, step):
        weights = _remembered(tree, min(step, resamples - start), rng, fixed)
        chunk = means[start : start + step]
        np.matmul(weights, filled, out=chunk)
        if not is_whole:
            drawn = weights @ known
            chunk /= np.where(drawn > 0, drawn, np.nan)
    return means


@dataclass(frozen=True, slots=True)
class _Draw:
    """What weights are drawn from; `key` says all that they follow from."""

    key: tuple[Hashable, ...]
    tree: Tree = field(compare=False)
    resamples: int = field(compare=False)
    state: Mapping[str, Any] = field(compare=False)
    fixed: int = field(compare=False)


def _remembered(tree: Tree, resamples: int, rng: np.random.Generator, fixed: int) -> np.ndarray:
    """Return what `_drawn` would, and leave the generator as that would; the last answer is kept.

    A table ranks the same units by metric after metric, and to draw takes far longer than to weigh.
    """
    shape = tuple(one.tobytes() for one in (*tree.starts, *tree.sizes))
    state = rng.bit_generator.state
    weights, rng.bit_generator.state = _kept(
        _Draw((tree.levels, shape, resamples, str(state), fixed), tree, resamples, state, fixed)
    )
    return weights


@lru_cache(maxsize=1)
def _kept(draw: _Draw) -> tuple[np.ndarray, Mapping[str, Any]]:
    """Return weights, which cannot be written to, and the state of the generator after them."""
    rng = np.random.default_rng()
    rng.bit_generator.state = draw.state
    weights = _drawn(draw.tree, draw.resamples, rng, draw.fixed)
    weights.setflags(write=False)
    return weights, rng.bit_generator.state


def _drawn(tree: Tree, resamples: int, rng: np.random.Generator, fixed: int) -> np.ndarray:
    """Return the weight of each leaf in some resamples, (resamples, leaves) float64; each row sums to 1."""
    resample = np.arange(resamples)
    unit = np.zeros(resamples, np.int64)
    weight = np.ones(resamples)
    for level, starts, sizes in zip(tree.levels, tree.starts, tree.sizes, strict=True):
        count = sizes[unit]
        total = int(count.sum())
        if sizes.size == 1:
            ends, first = count[0], starts[0]
        else:
            ends, first = np.repeat(count, count), np.repeat(starts[unit], count)
        if level < fixed:
            pick = np.arange(total) - np.repeat(np.cumsum(count) - count, count)
        else:
            pick = rng.integers(0, ends, size=total)
        weight = np.repeat(weight / count, count)
        resample = np.repeat(resample, count)
        unit = first + pick
    flat = np.bincount(resample * tree.leaves + unit, weights=weight, minlength=resamples * tree.leaves)
    return flat.reshape(resamples, tree.leaves)
