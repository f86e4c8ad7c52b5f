"""Mutex watershed of the affinities that an embedding makes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import model_validator

from harness.model import Volume
from harness.parameters import StageOptions, option
from harness.stages.arrays import labels_on
from harness.stages.boundary.regions import regrow_small
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first


def affinity(embedding: np.ndarray, offset: tuple[int, ...], delta: float) -> np.ndarray:
    """Return how alike each voxel (float32, C(Z)YX) and the one at `offset` from it are, float32 in [0, 1], (Z)YX.

    max(0, (2 delta - d) / (2 delta))^2 of their distance d; 1 for equal vectors, 0 from 2 delta on, and 0 where there
    is no such voxel. The value stands at the voxel that the offset starts from: mutex watershed reads it there.
    Wolny et al. 2022, arXiv:2103.14572, formula 12 of its appendix.
    """
    here, there = [], []
    for step, size in zip(offset, embedding.shape[1:], strict=True):
        low, high = max(0, -step), size - max(0, step)
        here.append(slice(low, high))
        there.append(slice(low + step, high + step))
    alike = np.zeros(embedding.shape[1:], dtype=np.float32)
    squared = np.zeros(alike[tuple(here)].shape, dtype=np.float32)
    for channel in embedding:
        squared += np.square(channel[tuple(here)] - channel[tuple(there)])
    alike[tuple(here)] = np.square(np.maximum(0, 1 - np.sqrt(squared) / np.float32(2 * delta)))
    return alike


class EmbeddingMutexWatershed(Stage):
    """Neighbours attract with their affinity a, voxels further apart repel with 1 - a."""

    id = "embedding-mutex-watershed"
    title = "Mutex watershed of embedding affinities"
    inputs = ("embedding",)
    needs = ("bioimage_cpp",)
    extra = "graph"
    licence = "MIT"
    citation = "Wolf et al. 2021, doi:10.1109/TPAMI.2020.2980827"

    class Options(StageOptions):
        delta: float = option(2.0, "half the distance from which voxels repel fully; delta_dist", ge=1e-6)
        distances: tuple[int, ...] = option(
            (1, 3, 9, 27), "steps along Y and X: 1 attracts, longer ones repel", unit="px", ge=1
        )
        z_distances: tuple[int, ...] = option((1, 2), "steps along Z of a volume, likewise", unit="px", ge=1)
        strides: int = option(1, "repulsive edges start at every n-th voxel of each axis", unit="px", ge=1)
        min_size: int = option(75, "smaller segments are flooded by their neighbours", unit="px", ge=0)

        @model_validator(mode="after")
        def _attract(self) -> EmbeddingMutexWatershed.Options:
            for name in ("distances", "z_distances"):
                if 1 not in self[name] or len(set(self[name])) < len(self[name]):
                    raise ValueError(f"{name} {list(self[name])} must have 1, and each step once")
            return self

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return labels (uint32, (Z)YX, ids 1 … n, no 0); a step longer than an axis is left out along it."""
        import bioimage_cpp as bic

        options, volume = self.options, inputs["embedding"]
        embedding = channels_first(volume, f"{self.where}: embedding")
        ndim = embedding.ndim - 1
        offsets = self._offsets(embedding.shape[1:])
        weights = np.stack([affinity(embedding, offset, options.delta) for offset in offsets])
        height = 1 - weights[:ndim].min(axis=0)
        np.subtract(1, weights[ndim:], out=weights[ndim:])
        labels = bic.segmentation.mutex_watershed(weights, offsets, ndim, strides=[options.strides] * ndim)
        return labels_on(regrow_small(labels.astype(np.uint32), height, options.min_size), volume)

    def _offsets(self, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Return the attractive offsets, one an axis, then the repulsive ones; all point backwards."""
        steps = [self.options.z_distances if len(shape) == 3 and axis == 0 else self.options.distances
                 for axis in range(len(shape))]  # fmt: skip
        pairs = [(axis, 1) for axis in range(len(shape))]
        pairs += [(axis, n) for axis, size in enumerate(shape) for n in sorted(steps[axis]) if 1 < n < size]
        return [tuple(-n if axis == other else 0 for other in range(len(shape))) for axis, n in pairs]
