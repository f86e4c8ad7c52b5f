"""The border band of CREMI: voxels near a border of the truth, of which its challenge takes no notice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.errors import LabelError
from harness.metrics.overlap import OverlapTable, overlap_table
from harness.metrics.spacing import checked_spacing

LEFT_OUT = 2**64 - 1
"""The label of truth voxels that the challenge leaves out."""
CREMI_BAND_UM = 0.025
"""Width of the band where a metric says "25nm": what is within this distance of a border voxel's centre is dropped."""


def border_band(truth: np.ndarray, width_um: float, spacing_um: Sequence[float] | None) -> np.ndarray:
    """Return which voxels, bool of the truth's shape, lie within `width_um` of a border of labels in their section.

    `truth` is (Y, X) or (Z, Y, X) of any integer dtype, with as many voxel sizes in micrometres, of which those of Y
    and X are equal. A border voxel is one that has another label, 0 among them, beside it in Y or X; distances are
    measured from the centres of border voxels in the same section, and border voxels belong to the band. A section of
    one label has no band. Agrees with `create_border_mask` of CREMI's Python package.

    Raises `LabelError` for another number of axes, labels below 0, no voxel sizes, and where those of Y and X differ.
    """
    if truth.ndim not in (2, 3):
        raise LabelError(f"the border band needs (Y, X) or (Z, Y, X); found {truth.ndim} axes")
    if truth.dtype.kind not in "uib" or (truth.dtype.kind == "i" and truth.size and int(truth.min()) < 0):
        raise LabelError(f"the border band needs labels of 0 and above; found {truth.dtype} from {truth.min()}")
    spacing = checked_spacing(spacing_um, truth.ndim)
    if spacing is None:
        raise LabelError(
            "the border band is measured in micrometres and the size of a voxel is unknown; give its spacing"
        )
    if spacing[-1] != spacing[-2]:
        raise LabelError(f"the border band needs voxels of one size in Y and X; found {spacing[-2:]} micrometres")
    sections = truth if truth.ndim == 3 else truth[None]
    band: np.ndarray = np.stack([_section_band(section, width_um / spacing[-1]) for section in sections])
    return band.reshape(truth.shape)


def _section_band(section: np.ndarray, width_px: float) -> np.ndarray:
    from scipy.ndimage import distance_transform_edt

    is_border = np.zeros(section.shape, bool)
    for axis in (0, 1):
        before, after = (np.moveaxis(section, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
        along = np.moveaxis(is_border, axis, 0)
        along[:-1] |= before != after
        along[1:] |= before != after
    if not is_border.any():
        return is_border
    near: np.ndarray = distance_transform_edt(~is_border) <= width_px
    return near


def banded_overlap(truth: Any, pred: Any, spacing_um: Sequence[float] | None, ignore: Any = None) -> OverlapTable:
    """Return the overlap table of a truth in which CREMI's border band of 25 nm has the label 2**64 - 1.

    Raises what `border_band` and `overlap_table` raise.
    """
    labels = np.asarray(truth)
    band = border_band(labels, CREMI_BAND_UM, spacing_um)
    return overlap_table(np.where(band, np.uint64(LEFT_OUT), labels.astype(np.uint64)), pred, ignore=ignore)
