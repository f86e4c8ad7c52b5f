"""Principal components of an embedding, image by image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.contract import Context, Stage
from harness.stages.embedding.vectors import require_same_channels, require_voxels, vectors_of


def principal_axes(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (float64, channels) and axes (float64, channels x channels; column k is the k-th component).

    Each axis points to where its entry of largest magnitude is positive. Pearson 1901,
    doi:10.1080/14786440109462720.
    """
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors - mean
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(len(mean))])
    return mean, axes * np.where(signs == 0, 1, signs)


class Pca(Stage):
    """Project the embedding onto its first components: centred, unwhitened, so that distances keep their scale.

    The axes are those of all voxels of the image. With `twin` the second embedding is projected onto them too.
    """

    id = "pca"
    title = "Principal components of the embedding"
    inputs = ("embedding",)
    outputs = ("embedding",)
    licence = "MIT"
    citation = "Pearson 1901, doi:10.1080/14786440109462720"

    class Options(StageOptions):
        components: int = option(3, "components kept", ge=1)
        twin: bool = option(False, "project the twin onto the same axes")
        scale: Literal["none", "uint8-joint"] = option(
            "none", "uint8-joint makes an image: all components stretched together to 0 … 255"
        )

    options: Options

    def reads(self) -> tuple[str, ...]:
        """Return the embedding, and its twin if that is projected too."""
        return ("embedding", "embedding-twin") if self.options.twin else ("embedding",)

    def makes(self) -> tuple[str, ...]:
        """Return what is read, or the image."""
        return self.reads() if self.options.scale == "none" else ("image",)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> dict[str, Volume]:
        """Return the components (float32, C(Z)YX, the strongest first), or the image (uint8, C(Z)YX).

        Raises `DataError` for more components than channels or voxels.
        """
        options = self.options
        require_same_channels(inputs, self.where)
        vectors = {slot: vectors_of(volume, f"{self.where}: {slot}") for slot, volume in inputs.items()}
        first = vectors["embedding"]
        if options.components > first.shape[1]:
            raise DataError(
                f"{self.where}: {options.components} components of {first.shape[1]} channels; "
                f"accepted: at most {first.shape[1]}"
            )
        require_voxels(first, options.components, "as many as there are components", self.where)
        mean, axes = principal_axes(first)
        projected = {slot: ((each - mean) @ axes[:, : options.components]).T for slot, each in vectors.items()}
        if options.scale == "uint8-joint":
            return {"image": self._volume(_joint_bytes(projected["embedding"]), inputs["embedding"])}
        return {slot: self._volume(each.astype(np.float32), inputs[slot]) for slot, each in projected.items()}

    def _volume(self, components: np.ndarray, like: Volume) -> Volume:
        grid = like.grid
        names = tuple(f"pc-{number}" for number in range(1, len(components) + 1))
        array = np.ascontiguousarray(components).reshape(len(components), *grid.shape)
        return Volume(array, f"C{grid.axes}", grid.spacing_um, names)


def _joint_bytes(components: np.ndarray) -> np.ndarray:
    """Return components as uint8 with one range for all of them; zeros where they are constant."""
    low, high = float(components.min()), float(components.max())
    scaled = (components - low) * (255.0 / (high - low)) if high > low else np.zeros_like(components)
    joint: np.ndarray = np.rint(scaled).astype(np.uint8)
    return joint
