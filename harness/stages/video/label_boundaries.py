"""Objects to boundaries: what a boundary network would say, without the network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.unet.targets import thick_boundaries


class LabelBoundaries(Stage):
    """Mark the outlines of labels on both sides, between objects and around them, and where objects lie.

    Of a video plane by plane: ids of one frame mean nothing in the next.
    """

    id = "label-boundaries"
    title = "Boundaries of labels"
    inputs = ("frame-objects",)
    outputs = ("probability",)
    needs = ("scipy",)
    licence = "MIT"
    citation = "Part of this package"

    class Options(StageOptions):
        of: str = option("frame-objects", "slot of the labels")
        by_plane: bool = option(True, "outlines within each plane; false: in space")
        dilation: int = option(0, "voxels by which outlines are thickened", unit="px", ge=0)

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the slot that `of` names."""
        return (self.options.of,)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return float32 0 and 1, C(Z)YX, channels ("foreground", "boundary")."""
        volume = inputs[self.options.of]
        labels = volume.array
        whole = labels.ndim == 2 or not self.options.by_plane
        outlines = thick_boundaries(labels) if whole else np.stack([thick_boundaries(plane) for plane in labels])
        if self.options.dilation:
            outlines = _thickened(outlines, self.options.dilation, by_plane=not whole)
        maps = np.stack([labels > 0, outlines]).astype(np.float32)
        return Volume(maps, "C" + volume.grid.axes, volume.spacing_um, ("foreground", "boundary"))


def _thickened(mask: np.ndarray, steps: int, *, by_plane: bool) -> np.ndarray:
    from scipy.ndimage import binary_dilation, generate_binary_structure

    structure = generate_binary_structure(2 if by_plane else mask.ndim, 1)
    return np.asarray(binary_dilation(mask, structure[np.newaxis] if by_plane else structure, iterations=steps))
