"""Planes of an image: promptable networks see 2D images, a volume is shown to them plane by plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.errors import DataError
from harness.model import Grid
from harness.parameters import StageOptions, option


class PlaneOptions(StageOptions):
    """Which planes of a volume are worked on; a 2D image is one plane."""

    first_plane: int = option(0, "first plane of a volume", ge=0)
    every: int = option(1, "of a volume every so many planes from the first one on", ge=1)

    def planes(self, grid: Grid, where: str) -> tuple[int, ...]:
        """Return the chosen planes of a grid, (0,) for a 2D one; raises `DataError` if there is none."""
        if len(grid.shape) == 2:
            return (0,)
        chosen = tuple(range(self.first_plane, grid.shape[0], self.every))
        if not chosen:
            raise DataError(
                f"{where}: 'first_plane' is {self.first_plane}; accepted: below the {grid.shape[0]} planes of the image"
            )
        return chosen


def plane_of(array: np.ndarray, ndim: int, number: int) -> np.ndarray:
    """Return one plane of an array whose last `ndim` axes are spatial; a 2D one is its own only plane."""
    plane: np.ndarray = array if ndim == 2 else array[..., number, :, :]
    return plane


def lifted(position: Sequence[float], plane: float, ndim: int) -> tuple[float, ...]:
    """Return a position (Y, X) of a plane in the axes of the grid: with three of them, `plane` is the first."""
    return tuple(position) if ndim == 2 else (plane, *position)
