"""Two images as maps of real numbers: what metrics read that no threshold comes before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Two arrays of one shape as they are, any real dtype; `compared` is where they are compared, None: everywhere."""

    truth: np.ndarray
    pred: np.ndarray
    compared: np.ndarray | None = None

    def apart(self) -> np.ndarray:
        """Return |pred - truth|, float64: (n,) of the voxels compared, or of the images' shape where all are."""
        apart: np.ndarray = np.abs(self.pred.astype(np.float64) - self.truth.astype(np.float64))
        return apart if self.compared is None else apart[self.compared]


def neighbours(array: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an array without its last and without its first plane along an axis, which comes first in both."""
    moved = np.moveaxis(array, axis, 0)
    return moved[:-1], moved[1:]
