"""Label images that a method made elsewhere, read from the bundle that `harness submit` wrote."""

from __future__ import annotations

from collections.abc import Mapping

from harness.bundles import open_container, read_manifest, read_submitted
from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, Weights, option
from harness.stages.contract import Context, Stage
from harness.stages.values import content_hash


class SubmittedLabels(Stage):
    """Give the labels that a bundle holds for an image; it is found by the content of the image, not by a name."""

    id = "submitted-labels"
    title = "Label images from a bundle"
    needs = ("zarr",)
    cacheable = False

    class Options(StageOptions):
        bundle: Weights = option("", "path of a bundle")

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the labels (unsigned, 0 background) on the grid of the image.

        Raises `DataError` for a bundle that was altered, and for an image of which it has no labels.
        """
        path = context.weights.get("bundle")
        if path is None:
            raise DataError(f"{self.where}: 'bundle' is empty; accepted: the path of a bundle")
        image = inputs["image"]
        wanted = content_hash(image)
        with open_container(path) as container:
            manifest = read_manifest(container)
            for entry in manifest.samples:
                if entry.image == wanted:
                    return read_submitted(container, entry, image.grid)
        raise DataError(f"{self.where}: the bundle has no labels of this image; it has {len(manifest.samples)} others")
