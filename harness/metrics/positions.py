"""Where the centres of objects lie, and how near the next one is: what metrics of distances between objects read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.errors import LabelError
from harness.metrics.overlap import OverlapTable
from harness.metrics.spacing import checked_spacing

if TYPE_CHECKING:
    from harness.metrics.geometry import Geometry, PairGeometry

Unit = Literal["um", "px"]


@dataclass(frozen=True, eq=False, slots=True)
class Centres:
    """Centres of the objects of a pair in micrometres, (t, axes) and (q, axes) float64, rows as in its geometry."""

    truth: np.ndarray
    pred: np.ndarray


def centres(geometry: PairGeometry, spacing_um: Sequence[float] | None) -> Centres:
    """Return the centres of a pair's objects in micrometres.

    Raises `LabelError` where the size of a voxel is unknown, is not above 0, or has another number of axes.
    """
    spacing = _known(spacing_um, len(geometry.truth.shape))
    return Centres(*(side.centroid * np.array(spacing) for side in geometry))


@dataclass(frozen=True, eq=False, slots=True)
class Neighbours:
    """The overlap table of a pair, and where its true objects lie: how crowded each of them is.

    spacing_um is the size of a voxel in micrometres, one number per axis; None where it is unknown.
    """

    table: OverlapTable
    truth: Geometry
    spacing_um: Sequence[float] | None

    def distances(self, unit: Unit) -> np.ndarray:
        """Return how far the centre of each true object is from the next one, (t,) float64; infinite for a lone one.

        `unit` "px" measures in voxels, whatever their size. Raises `LabelError` for "um" where that size is unknown, is
        not above 0, or has another number of axes.
        """
        spacing = None if unit == "px" else _known(self.spacing_um, len(self.truth.shape))
        return np.nan_to_num(self.truth.nearest(spacing), nan=np.inf)


def _known(spacing_um: Sequence[float] | None, axes: int) -> tuple[float, ...]:
    spacing = checked_spacing(spacing_um, axes)
    if spacing is None:
        raise LabelError("distances of centres are in micrometres and the size of a voxel is unknown; give its spacing")
    return spacing
