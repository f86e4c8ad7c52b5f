"""A network at work on an image: what fits it, how the image is cut into tiles, what it predicts of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import DataError
from harness.stages.nets import compute, patches, tiling
from harness.stages.nets.compute import Compute
from harness.stages.nets.halo import tile_halo
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.options import PatchOptions

if TYPE_CHECKING:
    from torch import nn

    from harness.stages.nets.heads import Map


@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """A placed network in evaluation mode, its shape, how it computes and what its stage was told.

    `where` begins messages; `plane_wise` lets a 2D network go through the planes of a volume.
    """

    network: nn.Module
    spec: NetworkSpec
    compute: Compute
    options: PatchOptions
    where: str
    plane_wise: bool = False

    def __call__(self, image: np.ndarray, activate: Map, log: Callable[[str], None]) -> np.ndarray:
        """Return what the network predicts of an image (C(Z)YX float32), float32 (K, (Z)YX).

        A 2D network goes through the planes of a volume if it is meant to. Raises `DataError` for an image that is no
        input of the network.
        """
        check_image(image, self.spec, self.where, plane_wise=self.plane_wise)
        if self.spec.ndim == image.ndim - 1:
            return self._predict(image, activate, log)
        planes = [self._predict(image[:, plane], activate, log) for plane in range(image.shape[1])]
        return np.stack(planes, axis=1)

    def _predict(self, image: np.ndarray, activate: Map, log: Callable[[str], None]) -> np.ndarray:
        plan = self.tiles(image.shape[1:])
        log(f"{len(plan)} tiles of {plan.tile_shape} with halo {plan.halo}")
        forward = compute.forward_of(self.network, self.compute, activate)
        return tiling.predict_tiled(forward, image, plan, channels=self.spec.out_channels)

    def tiles(self, shape: tuple[int, ...]) -> tiling.Tiling:
        """Return how an image of this shape is cut.

        Tiles that the network cannot index in 32 bits get smaller cores, on every device, so that all see the same.
        """
        spec = self.spec
        halo = self.options.per_axis("halo", spec.ndim) or (tile_halo(spec),) * spec.ndim
        patch = self.options.per_axis("predict_patch", spec.ndim)
        if not patch:
            patch, halo = patches.patch_and_halo(shape, self._feasible(), halo, rule=self.options.patch_rule)
        ratio = self.options.stride_ratio

        def plan(core: tuple[int, ...]) -> tiling.Tiling:
            return tiling.plan_tiles(shape, core, halo, stride_ratio=ratio, multiple=spec.multiple)

        return tiling.fitting_tiles(
            plan(patch), plan, lambda found: spec.largest_map(found.tile_shape) <= compute.INDEX_LIMIT
        )

    def _feasible(self) -> tuple[int, ...]:
        spec, network, how = self.spec, self.network, self.compute
        limit = self.options.memory_gb * 1e9
        if limit:
            return patches.feasible_patch(lambda shape: patches.prediction_bytes(spec, shape) <= limit, spec.ndim)
        if how.device.startswith("cuda"):
            return patches.feasible_patch(lambda shape: compute.fits_on_gpu(network, spec, how, shape), spec.ndim)
        return patches.CPU_PATCH[spec.ndim]


def check_image(image: np.ndarray, spec: NetworkSpec, where: str, *, plane_wise: bool) -> None:
    """Raise `DataError` unless an image (C(Z)YX) is an input of a network, or of a 2D one plane by plane."""
    ndim = image.ndim - 1
    if ndim != spec.ndim and not (plane_wise and spec.ndim < ndim):
        raise DataError(
            f"{where}: a {spec.ndim}D network for a {ndim}D image; "
            "accepted: the same, or a 2D network with plane_wise = true"
        )
    if len(image) != spec.in_channels:
        raise DataError(f"{where}: the image has {len(image)} channels; the network takes {spec.in_channels}")
    check_size(image.shape[-spec.ndim :], spec, where)


def check_size(shape: Sequence[int], spec: NetworkSpec, where: str) -> None:
    """Raise `DataError` for an image that vanishes on the coarsest level."""
    if min(shape) < spec.multiple:
        raise DataError(
            f"{where}: an image of {tuple(shape)} pixels; accepted: at least {spec.multiple} per axis "
            f"for a network of {spec.levels} levels"
        )
