"""Objects of a foreground map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import channel_of, drop_small, labels_on, sigma_per_axis
from harness.stages.classical.seeds import flood, maxima
from harness.stages.contract import Context, Stage


class ForegroundComponents(Stage):
    """Threshold the foreground; its connected components are objects, or what a watershed cuts them into at waists.

    Distances respect the anisotropy of the voxels.
    """

    id = "foreground-components"
    title = "Components of the foreground"
    inputs = ("foreground",)
    needs = ("scipy", "skimage")
    licence = "BSD-3-Clause"
    citation = "Vincent & Soille 1991, doi:10.1109/34.87344"

    class Options(StageOptions):
        threshold: float = option(0.5, "foreground lies above it", ge=0.0, le=1.0)
        split: Literal["no", "distance"] = option("no", "distance: touching objects are cut at their waists")
        sigma_seeds: float = option(2.0, "Gaussian smoothing of the distances, in voxels of the finest axis", ge=0.0)
        connectivity: int = option(1, "1 = voxels that share a face, 2 = an edge, 3 = a corner", ge=1, le=3)
        min_size: int = option(20, "smaller objects are dropped", unit="px", ge=0)

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, 0 background)."""
        from scipy.ndimage import distance_transform_edt, gaussian_filter, generate_binary_structure, label

        options, foreground = self.options, inputs["foreground"]
        mask = channel_of(foreground, "", self.where) > options.threshold
        if options.split == "distance":
            blur = sigma_per_axis(options.sigma_seeds, "px", foreground.grid, self.where)
            distance = distance_transform_edt(mask, sampling=foreground.grid.anisotropy).astype("float32")
            height = gaussian_filter(distance, blur, mode="nearest")
            return labels_on(flood(height, maxima(height, mask), mask, options.min_size), foreground)
        structure = generate_binary_structure(mask.ndim, min(options.connectivity, mask.ndim))
        return labels_on(drop_small(label(mask, structure)[0], options.min_size), foreground)
