"""Pairs of masks for tests of surfaces: a strategy of small ones, and named ones that break careless code."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

MaskPair = tuple[np.ndarray, np.ndarray, tuple[float, ...]]

SHAPES = st.sampled_from(
    [(1, 1), (1, 6), (7, 1), (5, 6), (9, 4), (1, 1, 1), (1, 4, 5), (4, 1, 3), (3, 4, 5), (6, 3, 4)]
)
SIZES = st.sampled_from([0.25, 0.5, 1.0, 2.0, 5.0])
"""Powers of two, or so small in number, that sums of squares are exact."""


@st.composite
def mask_pairs(draw: st.DrawFn, *, empty: bool = True) -> MaskPair:
    """(truth, prediction, size of a voxel): two small bool masks; without `empty` both have a voxel."""
    shape = draw(SHAPES)
    masks = [draw(hnp.arrays(bool, shape)) for _ in range(2)]
    if not empty:
        for mask in masks:
            mask[draw(st.tuples(*(st.integers(0, size - 1) for size in shape)))] = True
    return masks[0], masks[1], tuple(draw(SIZES) for _ in shape)


def named_pairs() -> dict[str, MaskPair]:
    """Masks with objects at the border, of one voxel, one wide, with a hole, far apart, filling the image."""
    plane, ball = np.zeros((12, 14), bool), np.zeros((9, 10, 11), bool)
    grid = np.ogrid[tuple(slice(0, size) for size in ball.shape)]
    ball[sum((axis - 4.0) ** 2 for axis in grid) <= 12] = True
    blocks: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "one pixel each": (_with(plane, (3, 3)), _with(plane, (9, 8))),
        "one pixel, and all": (_with(plane, (3, 3)), ~plane),
        "opposite edges": (_with(plane, np.s_[0]), _with(plane, np.s_[-1])),
        "lines that cross": (_with(plane, np.s_[5]), _with(plane, np.s_[:, 7])),
        "a hole": (_with(plane, np.s_[2:10, 2:12]), _with(plane, np.s_[2:10, 2:12]) & ~_with(plane, np.s_[5:7, 6:8])),
        "checkers": (np.indices(plane.shape).sum(axis=0) % 2 == 0, np.indices(plane.shape).sum(axis=0) % 2 == 1),
        "balls": (ball, np.roll(ball, 1, axis=2)),
        "ball and its shell": (ball, ball & ~np.roll(ball, 1, axis=0)),
        "one voxel each": (_with(ball & False, (0, 0, 0)), _with(ball & False, (8, 9, 10))),
        "planes of a volume": (_with(ball & False, np.s_[2]), _with(ball & False, np.s_[:, :, 3])),
        "whole volume": (ball | True, ball),
    }
    spacing = {2: (0.5, 0.25), 3: (2.0, 0.5, 0.25)}
    return {name: (truth, pred, spacing[truth.ndim]) for name, (truth, pred) in blocks.items()}


def random_pairs(count: int) -> dict[str, MaskPair]:
    """Seeded masks, neither of them empty: noise, blocks and shifted blocks, up to 12 voxels wide, 2D and 3D."""
    rng = np.random.default_rng(20261126)
    found = {}
    for number in range(count):
        shape = tuple(rng.integers(1, 13, rng.integers(2, 4)))
        if number % 3 == 0:
            truth, pred = rng.random(shape) < 0.5, rng.random(shape) < 0.3
        else:
            truth = _block(rng, shape)
            pred = np.roll(truth, 1, axis=0) if number % 3 == 1 else _block(rng, shape)
        for mask in (truth, pred):
            mask[tuple(rng.integers(0, size) for size in shape)] = True
        found[f"random {number}"] = (truth, pred, tuple(rng.choice((0.25, 0.5, 1.0, 2.0, 5.0), len(shape))))
    return found


def _block(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    low = [int(rng.integers(0, size)) for size in shape]
    mask[tuple(slice(at, int(rng.integers(at, size)) + 1) for at, size in zip(low, shape, strict=True))] = True
    return mask


def _with(mask: np.ndarray, where: object) -> np.ndarray:
    drawn = mask.copy()
    drawn[where] = True
    return drawn
