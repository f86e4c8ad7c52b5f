"""Plants from above: leaves around a centre, the younger ones over the older, one leaf cut in two by another."""

from __future__ import annotations

import numpy as np

from harness.datasets.phantoms.parameters import ImageParameters

LEAVES = 9
_TURN = 2.399963
"""Angle between one leaf and the next, in radians: the golden angle, in which leaves grow."""


def draw_leaves(parameters: ImageParameters, rng: np.random.Generator) -> np.ndarray:
    """Return the label image (uint16, YX) of a rosette, leaves numbered in the order of their age, some hidden.

    Each leaf is an ellipse that begins at the centre of the plant; younger ones are smaller and lie above. The last
    one lies across the oldest, so that it is seen in two parts wherever both are some pixels wide. At least one pixel
    belongs to a leaf.
    """
    shape = parameters.shape
    size = float(min(shape))
    count = LEAVES if parameters.objects is None else parameters.objects
    grown = max(1, count - 1)
    labels = np.zeros(shape, dtype=np.uint16)
    plant = np.array(shape) / 2 + rng.uniform(-0.03, 0.03, 2) * size
    start = rng.uniform(0, 2 * np.pi)
    crossing = plant, 0.0, 0.0, 0.0
    for number in range(grown):
        half = size * (0.23 - 0.12 * number / max(1, grown - 1)) * rng.uniform(0.92, 1.0)
        width = half * rng.uniform(0.38, 0.46)
        angle = start + number * _TURN + rng.uniform(-0.15, 0.15)
        centre = plant + np.array([np.sin(angle), np.cos(angle)]) * half
        labels[ellipse(shape, centre, angle, half, width)] = number + 1
        if number == 0:
            crossing = centre, angle + np.pi / 2, 1.5 * width, 0.25 * half
    if count > 1:
        labels[ellipse(shape, *crossing)] = count
    if not labels.any():
        labels[tuple(np.clip(plant, 0, np.array(shape) - 1).astype(int))] = 1
    return labels


def colours(labels: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the light (float32) of red, green and blue: leaves of different green over earth."""
    tint = rng.uniform(0.7, 1.2, int(labels.max(initial=0)) + 1).astype(np.float32)
    leaf = labels > 0
    grain = rng.normal(0, 6, labels.shape).astype(np.float32)
    light = {}
    for name, on_leaf, on_earth in (("red", 70.0, 60.0), ("green", 130.0, 42.0), ("blue", 35.0, 30.0)):
        light[name] = np.where(leaf, np.float32(on_leaf) * tint[labels], np.float32(on_earth) + grain)
    return light


def ellipse(shape: tuple[int, ...], centre: np.ndarray, angle: float, half: float, width: float) -> np.ndarray:
    """Return the mask of an ellipse whose long axis points along an angle from X towards Y."""
    down, right = np.indices(shape, dtype=np.float32)
    down, right = down + 0.5 - centre[0], right + 0.5 - centre[1]
    along = right * np.cos(angle) + down * np.sin(angle)
    across = down * np.cos(angle) - right * np.sin(angle)
    inside: np.ndarray = (along / max(half, 1e-6)) ** 2 + (across / max(width, 1e-6)) ** 2 <= 1
    return inside
