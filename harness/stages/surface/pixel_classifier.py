"""A pixel classifier: a random forest on filters of a channel that learns from a user's scribbles on the same image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from pydantic import model_validator

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import channel_of, labels_on, require_same_grid, sigma_per_axis
from harness.stages.contract import Context, Stage

SURFACE, REST = 1, 2
"""Classes of scribbles: on the surface, and off it; 0 is unscribbled."""


class PixelClassifier(Stage):
    """Classify voxels as interactive tools do, by intensity, edges and texture at several scales.

    The forest learns from the scribbles of the very image that it classifies. Nothing of the ground truth is read:
    scribbles are data, strokes of somebody who looked at the image.
    """

    id = "pixel-classifier"
    title = "Random forest on filters of a channel, from scribbles"
    outputs = ("surface",)
    needs = ("sklearn", "scipy")
    extra = "classifier"
    licence = "BSD-3-Clause"
    citation = "Berg et al. 2019, doi:10.1038/s41592-019-0582-9; Breiman 2001, doi:10.1023/A:1010933404324"

    class Options(StageOptions):
        channel: str = option("", "image channel; empty = the only one")
        scribbles: str = option("scribbles", "slot of the scribbles: 1 on the surface, 2 off it, 0 unscribbled")
        makes: str = option("surface", "slot of the result")
        sigmas: tuple[float, ...] = option(
            (0.7, 1.0, 1.6, 3.5), "scales of the filters, in voxels of the finest axis", unit="px", ge=0.3
        )
        trees: int = option(100, "trees of the forest", ge=1)
        level: float = option(0.5, "share of the trees above which a voxel is surface", ge=0.0, le=1.0)

        @model_validator(mode="after")
        def _some_scale(self) -> Self:
            if not self.sigmas or not self.makes or not self.scribbles:
                raise ValueError("'sigmas', 'scribbles' and 'makes' must not be empty")
            return self

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the image and the slot of the scribbles."""
        return ("image", self.options.scribbles)

    def makes(self) -> tuple[str, ...]:
        """Return the slot that `makes` names."""
        return (self.options.makes,)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the surface (uint8 0 and 1, (Z)YX).

        Raises `DataError` unless both classes are scribbled somewhere. Reports the share of scribbled voxels.
        """
        from sklearn.ensemble import RandomForestClassifier

        options = self.options
        require_same_grid(inputs, self.where)
        image, scribbles = inputs["image"], inputs[options.scribbles].array
        channel = channel_of(image, options.channel, self.where)
        found = {
            int(number): int(count) for number, count in zip(*np.unique(scribbles, return_counts=True), strict=True)
        }
        if not (found.get(SURFACE) and found.get(REST)):
            raise DataError(
                f"{self.where}: scribbles of classes {sorted(set(found) - {0})}; "
                f"accepted: {SURFACE} (surface) and {REST} (the rest), each on at least one voxel"
            )
        steps = [sigma_per_axis(sigma, "px", image.grid, self.where) for sigma in options.sigmas]
        features = filtered(channel, steps)
        chosen = (scribbles == SURFACE) | (scribbles == REST)
        forest = RandomForestClassifier(options.trees, random_state=context.seed % 2**32, n_jobs=context.threads)
        forest.fit(features[:, chosen].T, scribbles[chosen] == SURFACE)
        context.report("scribbled", float(chosen.mean()))
        likely = forest.predict_proba(features.reshape(len(features), -1).T)[:, 1].reshape(channel.shape)
        return labels_on((likely > options.level).astype(np.uint8), image)


def filtered(channel: np.ndarray, sigmas: list[tuple[float, ...]]) -> np.ndarray:
    """Return features of each voxel, float32 (F, (Z) Y X): for each scale (voxels per axis) five filters.

    Gaussian, gradient magnitude, Laplacian of Gaussian, and the largest and smallest eigenvalue of the Hessian.
    """
    from scipy import ndimage

    features = []
    for sigma in sigmas:
        smooth = ndimage.gaussian_filter(channel, sigma)
        gradient = ndimage.gaussian_gradient_magnitude(channel, sigma)
        values = _curvatures(smooth)
        features += [smooth, gradient, values.sum(axis=-1), values[..., 0], values[..., -1]]
    stacked: np.ndarray = np.stack(features).astype(np.float32)
    return stacked


def _curvatures(smooth: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of the Hessian of each voxel, ascending in the last axis; 0 along an axis of one voxel."""
    axes = [axis for axis in range(smooth.ndim) if smooth.shape[axis] > 1]
    hessian = np.zeros((*smooth.shape, smooth.ndim, smooth.ndim), dtype=np.float32)
    for one in axes:
        slope = np.gradient(smooth, axis=one)
        for other in axes:
            hessian[..., one, other] = np.gradient(slope, axis=other)
    return np.asarray(np.linalg.eigvalsh((hessian + np.swapaxes(hessian, -1, -2)) / 2))
