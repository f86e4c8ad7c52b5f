"""Label images for tests: seeded hostile pairs, and a hypothesis strategy of small ones."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.metrics import METRICS

Pair = tuple[np.ndarray, np.ndarray]
OF_OVERLAP = tuple(metric for metric in METRICS if metric.needs == "overlap")
"""The metrics that read nothing of a pair but its overlap table."""

SHAPES = st.sampled_from([(1,), (7,), (1, 1), (4, 5), (2, 9), (3, 3, 3), (2, 1, 4), (2, 2, 2, 2)])


@st.composite
def pairs(draw: st.DrawFn, labels: tuple[int, ...] = (0, 1, 2, 3, 9)) -> Pair:
    """(truth, prediction) of one small shape, int64, with a few labels, often without background or with one object."""
    shape = draw(SHAPES)
    images = []
    for _ in range(2):
        values = draw(st.lists(st.sampled_from(labels), min_size=1, max_size=4, unique=True))
        images.append(draw(hnp.arrays(np.int64, shape, elements=st.sampled_from(values))))
    return images[0], images[1]


def rectangles(rng: np.random.Generator, shape: tuple[int, ...], count: int) -> np.ndarray:
    """An image of `count` overlapping boxes labelled 1, 2, … on 0; int64."""
    image = np.zeros(shape, np.int64)
    for label in range(1, count + 1):
        low = [int(rng.integers(0, size)) for size in shape]
        high = [int(rng.integers(a + 1, size + 1)) for a, size in zip(low, shape, strict=True)]
        image[tuple(slice(a, min(b, a + 9)) for a, b in zip(low, high, strict=True))] = label
    return image


def hostile_pairs() -> dict[str, Pair]:
    """Named (truth, prediction) pairs that break careless evaluators; labels stay below 1,000 for dense libraries."""
    rng = np.random.default_rng(20240519)
    truth_2d, truth_3d = rectangles(rng, (40, 37), 25), rectangles(rng, (9, 20, 21), 15)
    noise = rng.integers(0, 30, (30, 30))
    sparse_ids = np.sort(rng.choice(np.arange(1, 600), 26, replace=False))
    sparse_ids[0] = 0
    solid = np.ones((12, 12), np.int64)
    tiles = np.kron(np.arange(1, 17).reshape(4, 4), np.ones((6, 6), np.int64))
    halves = np.repeat(np.arange(1, 11), 10).reshape(10, 10)
    return {
        "shifted 2d": (truth_2d, np.roll(truth_2d, 1, axis=0)),
        "shifted 3d": (truth_3d, np.roll(truth_3d, (0, 1, 1), axis=(0, 1, 2))),
        "unrelated": (truth_2d, rectangles(rng, (40, 37), 40)),
        "noise": (noise, rng.permutation(noise.reshape(-1)).reshape(noise.shape)),
        "some noise": (truth_2d, np.where(rng.random(truth_2d.shape) < 0.1, 0, truth_2d)),
        "gaps in ids": (sparse_ids[truth_2d], truth_2d),
        "gaps in ids, both": (sparse_ids[truth_2d], sparse_ids[np.roll(truth_2d, 1, axis=1)]),
        "no background in truth": (truth_2d + 1, truth_2d),
        "no background in prediction": (truth_2d, truth_2d + 5),
        "no background at all": (tiles, np.roll(tiles, 2, axis=0)),
        "one object each": ((truth_2d > 0).astype(np.int64), 3 * (np.roll(truth_2d, 1, axis=0) > 0)),
        "one object everywhere": (solid, solid),
        "truth everywhere, prediction in tiles": (np.ones((24, 24), np.int64), tiles),
        "prediction everywhere": (tiles, np.ones((24, 24), np.int64)),
        "all background": (np.zeros((8, 8), np.int64), np.zeros((8, 8), np.int64)),
        "truth empty": (np.zeros((40, 37), np.int64), truth_2d),
        "prediction empty": (truth_2d, np.zeros((40, 37), np.int64)),
        "single voxels": (np.arange(100).reshape(10, 10), np.arange(100)[::-1].reshape(10, 10).copy()),
        "exact halves": (halves, (2 * halves + (np.arange(10) >= 5))),
        "exact tenths": (halves, np.where(np.arange(10) < np.arange(10)[:, None], halves, 0)),
        "nested": (np.minimum(tiles, 8), tiles),
    }
