"""The stage `prompts-grid`: a regular grid of points, which asks for whatever there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.model import Grid, Volume
from harness.parameters import option
from harness.stages.contract import Context, Stage
from harness.stages.prompting.planes import PlaneOptions
from harness.stages.values import Prompts


def grid_points(shape: tuple[int, ...], per_side: int) -> np.ndarray:
    """Return the points (per_side**2, 2) float64, in (Y, X), of a grid over a plane, row after row.

    The library `segment-anything` puts point i of n at (i + 1/2) / n of the side and takes that for an index, whose
    pixel's centre lies half a pixel further: so it is here. Where there are more points than pixels, the last ones
    would leave the plane and are moved onto its border.
    """
    steps = (np.arange(per_side) + 0.5) / per_side
    rows, columns = (np.minimum(steps * side + 0.5, side) for side in shape)
    points: np.ndarray = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
    return points


class PromptsGrid(Stage):
    """The points of the automatic mode of Segment Anything, each of which asks for an object of its own."""

    id = "prompts-grid"
    title = "Points on a grid"
    outputs = ("prompts",)
    licence = "MIT"
    citation = "Kirillov et al. 2023, ICCV, doi:10.1109/ICCV51070.2023.00371"

    class Options(PlaneOptions):
        per_side: int = option(32, "points along each side of a plane", ge=1)

    options: Options

    def run(self, inputs: Mapping[str, Any], context: Context) -> Prompts:
        """Return the grid of each plane."""
        image: Volume = inputs["image"]
        return grid_prompts(image.grid, self.options.planes(image.grid, self.where), self.options.per_side)


def grid_prompts(grid: Grid, planes: tuple[int, ...], per_side: int) -> Prompts:
    """Return the prompts of a grid of points on each plane, with ids from 1 on."""
    flat = grid_points(grid.shape[-2:], per_side)
    parts = [flat if len(grid.shape) == 2 else np.insert(flat, 0, plane + 0.5, axis=1) for plane in planes]
    points = np.concatenate(parts)
    empty = Prompts.of(grid)
    return Prompts(
        grid,
        boxes=empty.boxes,
        box_objects=empty.box_objects,
        points=points,
        point_objects=np.arange(1, len(points) + 1, dtype=np.int64),
        point_labels=np.ones(len(points), dtype=np.int64),
    )
