"""Which object probability belongs to which label of what StarDist found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.stages.values import objects_in


def label_probabilities(labels: np.ndarray, found: Mapping[str, Any]) -> dict[int, float]:
    """Return the probability of each label of an image, given what `predict_instances` says of its shapes.

    In 2D label n is the n-th shape; a shape that lies wholly under surer ones has a number and no pixel. In 3D the
    library renumbers the labels that are left and says not how: where some are gone, the shapes are painted once more.
    """
    ids, probabilities = objects_in(labels), np.asarray(found["prob"], np.float64)
    if labels.ndim == 2 or len(ids) == len(probabilities):
        shapes = ids - 1
    else:
        shapes = objects_in(_painted(found, labels.shape)) - 1
    return dict(zip(ids.tolist(), probabilities[shapes].tolist(), strict=True))


def _painted(found: Mapping[str, Any], shape: tuple[int, ...]) -> np.ndarray:
    """Return the shapes of a volume as the library paints them, label n for the n-th."""
    from stardist.geometry import polyhedron_to_label

    painted: np.ndarray = polyhedron_to_label(
        found["dist"], found["points"], rays=found["rays"], prob=found["prob"], shape=shape, verbose=False
    )
    return painted
