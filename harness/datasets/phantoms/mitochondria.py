"""Electron micrographs of mitochondria: dark bodies with rims and folds, among membranes that are none."""

from __future__ import annotations

import numpy as np

from harness.datasets.phantoms.painting import find_walls

_CYTOPLASM = 150.0
_BODY = 45.0
_FOLDS = 30.0
_MEMBRANE = 80.0
_FOLD_PX = 5.0


def micrograph(mitochondria: np.ndarray, neurites: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the light (float32, YX): bright cytoplasm, dark membranes, and mitochondria with rims and folds.

    `neurites` (integers, no 0) have a membrane between them, which crosses no mitochondrion. Folds of a mitochondrion
    run in a direction of its own.
    """
    inside = mitochondria > 0
    count = int(mitochondria.max(initial=0)) + 1
    angle, phase = rng.uniform(0, np.pi, count), rng.uniform(0, 2 * np.pi, count)
    down, right = np.indices(mitochondria.shape, dtype=np.float32)
    turned = right * np.cos(angle)[mitochondria] + down * np.sin(angle)[mitochondria]
    folds = np.sin(turned * (2 * np.pi / _FOLD_PX) + phase[mitochondria]) > 0.3
    rims = find_walls(mitochondria) & inside
    membranes = find_walls(neurites) & ~inside
    light: np.ndarray = (
        _CYTOPLASM - _BODY * inside - _FOLDS * (folds & inside & ~rims) - _MEMBRANE * (rims | membranes)
    ).astype(np.float32)
    return light
