"""Where the centres of objects lie, in micrometres: what metrics of distances between objects read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import LabelError
from harness.metrics.spacing import checked_spacing

if TYPE_CHECKING:
    from harness.metrics.geometry import PairGeometry


@dataclass(frozen=True, eq=False, slots=True)
class Centres:
    """Centres of the objects of a pair in micrometres, (t, axes) and (q, axes) float64, rows as in its geometry."""

    truth: np.ndarray
    pred: np.ndarray


def centres(geometry: PairGeometry, spacing_um: Sequence[float] | None) -> Centres:
    """Return the centres of a pair's objects in micrometres.

    Raises `LabelError` where the size of a voxel is unknown, is not above 0, or has another number of axes.
    """
    axes = len(geometry.truth.shape)
    spacing = checked_spacing(spacing_um, axes)
    if spacing is None:
        raise LabelError("distances of centres are in micrometres and the size of a voxel is unknown; give its spacing")
    return Centres(*(side.centroid * np.array(spacing) for side in geometry))
