"""Hostile pairs and sets of label images, as many as one likes, the same for a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tests.metrics.images import hostile_pairs, rectangles

SHAPES = ((9, 11), (24, 24), (31, 17), (5, 9, 8), (1, 7), (3, 12, 12))
KINDS = ("shifted", "unrelated", "noise", "speckled", "gaps", "halves", "merged", "no background", "truth empty",
         "prediction empty", "both empty", "tenths", "large")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A truth and a prediction, int64 of one 2D or 3D shape, with a confidence of each predicted label."""

    name: str
    truth: np.ndarray
    pred: np.ndarray
    confidences: dict[int, float]


def cases(count: int, seed: int = 0) -> Iterator[Case]:
    """Yield the named hostile pairs of the tests, then drawn ones of every kind in turn, `count` in all."""
    rng = np.random.default_rng(seed)
    named = list(hostile_pairs().items())
    for number in range(count):
        if number < len(named):
            name, (truth, pred) = named[number]
        else:
            kind = KINDS[number % len(KINDS)]
            shape = SHAPES[int(rng.integers(len(SHAPES)))]
            name, (truth, pred) = f"{number} {kind}", _drawn(kind, shape, rng)
        labels = [int(label) for label in np.unique(pred) if label]
        yield Case(name, truth, pred, {label: float(rng.integers(0, 8)) / 7 for label in labels})


def _drawn(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    truth = rectangles(rng, shape, int(rng.integers(1, 13)))
    other = rectangles(rng, shape, int(rng.integers(1, 13)))
    empty = np.zeros(shape, np.int64)
    if kind == "shifted":
        pred = np.roll(truth, tuple(rng.integers(-2, 3, truth.ndim)), axis=tuple(range(truth.ndim)))
    elif kind == "unrelated":
        pred = other
    elif kind == "noise":
        truth, pred = rng.integers(0, 6, shape), rng.integers(0, 6, shape)
    elif kind == "speckled":
        pred = np.where(rng.random(shape) < 0.2, other, truth)
    elif kind == "gaps":
        ids = np.concatenate([[0], np.sort(rng.choice(np.arange(1, 90), 12, replace=False))])
        truth, pred = ids[truth], ids[other]
    elif kind == "halves":
        pred = np.where(np.indices(shape)[-1] % 2 == 0, truth, truth + 20 * (truth > 0))
    elif kind == "merged":
        pred = (truth + 1) // 2
    elif kind == "no background":
        truth, pred = truth + 1, np.where(rng.random(shape) < 0.1, 1, truth + 1)
    elif kind == "large":
        truth = np.kron(rectangles(rng, (13, 12), 12), np.ones((14, 14), np.int64))
        pred = np.roll(truth, tuple(rng.integers(-9, 10, 2)), axis=(0, 1))
    elif kind == "tenths":
        pred = np.where(np.indices(shape)[-1] % 10 < int(rng.integers(1, 10)), truth, 0)
    else:
        truth, pred = {"truth empty": (empty, other), "prediction empty": (truth, empty)}.get(kind, (empty, empty))
    return truth, pred


def sets(count: int, seed: int = 1, size: int = 4) -> Iterator[list[Case]]:
    """Yield sets of pairs that are scored together."""
    drawn = cases(count * size + len(hostile_pairs()), seed)
    everything = list(drawn)[len(hostile_pairs()) :]
    for first in range(0, count * size, size):
        yield everything[first : first + size]
