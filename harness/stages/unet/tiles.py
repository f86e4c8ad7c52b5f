"""The stage `unet-tiles`: one map of the boundary U-Net by another way of cutting, beside the map without any cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import option
from harness.stages.contract import Context
from harness.stages.examples import channels_first
from harness.stages.nets import compute, tiling
from harness.stages.nets.halo import round_up, tile_halo
from harness.stages.nets.heads import activated
from harness.stages.nets.predicting import check_image
from harness.stages.unet.options import UNetOptions
from harness.stages.unet.stage import UNetStage
from harness.stages.unet.targets import Output

Cut = Literal["whole", "context", "mirror"]


class TilesOptions(UNetOptions):
    """Those of `unet`, and how the volume is cut."""

    cut: Cut = option(
        "context",
        "'whole': one pass over the volume; 'context': tiles that see their true surroundings, as far as the halo; "
        "'mirror': tiles padded by their own reflection, as PlantSeg 1 and pytorch-3dunet pad them",
        when="run",
    )
    output: Output = option("foreground", "the one map that is made", when="run")
    makes: Literal["map", "untiled"] = option(
        "map", "the map and its seams, or the same map in the slot that others are compared with", when="run"
    )

    @model_validator(mode="after")
    def _one_network_for_the_volume(self) -> Self:
        if self.plane_wise:
            raise ValueError("'plane_wise' is true; accepted: false, planes have no tiles along Z")
        if self.output not in self.outputs:
            raise ValueError(f"'output' is {self.output!r}, and the network makes {', '.join(self.outputs)}")
        if not self.predict_patch:
            raise ValueError("'predict_patch' is empty; accepted: the cores of the tiles, which rows are to share")
        return self


class UNetTiles(UNetStage):
    """Predict one map in tiles whose halo is taken as it is, whole pooling steps or not, and say where the seams lie.

    `unet` rounds the halo up, so that tiles pool the same pixels as the whole volume would; programs that take the sum
    of equation 3.1 do not. Axes that one patch covers are not cut and have no halo. "whole" predicts the axes that are
    cut with their reflected surroundings, as wide as `tile_halo`, so that the border of the volume is what tiles with
    true surroundings see there too: every difference comes from the cuts. Training is that of `unet`.
    """

    id = "unet-tiles"
    title = "U-Net in tiles: one map, cut in one of several ways"
    outputs = ("foreground", "seams")  # type: ignore[assignment]
    citation = "Wolny et al. 2020, doi 10.7554/eLife.57613; the cuts: thesis figure 3.5"

    Options = TilesOptions
    options: TilesOptions

    def makes(self) -> tuple[str, ...]:
        """Return the slot of the map, and that of its seams."""
        return ("untiled",) if self.options.makes == "untiled" else (self.options.output, "seams")

    def run(  # type: ignore[override]
        self, inputs: Mapping[str, Volume], context: Context
    ) -> Mapping[str, Volume]:
        """Return the map, float32 (Z)YX in [0, 1], and seams, uint8 (Z)YX.

        Bit a of a voxel's seams (1, 2, 4) is set where the core of a tile ends between it and the next along axis a.
        """
        volume = inputs["image"]
        image = channels_first(volume, self.where)
        predictor = self._predictor
        check_image(image, predictor.spec, self.where, plane_wise=False)
        image = compute.standardised(image)
        plan = self.cuts(image.shape[1:])
        context.log(f"{len(plan)} tiles of {plan.tile_shape}, cut: {self.options.cut}")
        forward = compute.forward_of(predictor.network, predictor.compute, activated((self.head,)))
        if self.options.cut == "mirror":
            forward = mirrored(forward, plan.halo)
            plan = replace(plan, halo=(0,) * len(plan.halo))
        with compute.torch_threads(context.threads):
            maps = tiling.predict_tiled(forward, image, plan, channels=predictor.spec.out_channels)
        one = Volume(maps[self.options.outputs.index(self.options.output)], volume.grid.axes, volume.spacing_um)
        if self.options.makes == "untiled":
            return {"untiled": one}
        return {self.options.output: one, "seams": Volume(seams(plan), volume.grid.axes, volume.spacing_um)}

    def cuts(self, shape: tuple[int, ...]) -> tiling.Tiling:
        """Return how an image of this shape is cut; raises `DataError` for an image that no cut divides."""
        options, spec = self.options, self._predictor.spec
        plan = tiling.plan_tiles(
            shape,
            options.per_axis("predict_patch", spec.ndim),
            (0,) * spec.ndim,
            stride_ratio=options.stride_ratio,
            multiple=spec.multiple,
        )
        is_cut = [len(starts) > 1 for starts in plan.starts]
        if not any(is_cut):
            raise DataError(
                f"{self.where}: a core of {plan.patch} covers the image of {shape}, there is no seam; "
                "accepted: a smaller 'predict_patch'"
            )
        if options.cut == "whole":
            halo = tuple(tile_halo(spec) if cut else 0 for cut in is_cut)
            whole = tuple(round_up(length, spec.multiple) for length in shape)
            return tiling.Tiling(shape, whole, halo, ((0,),) * spec.ndim)
        given = options.per_axis("halo", spec.ndim) or (tile_halo(spec),) * spec.ndim
        return replace(plan, halo=tuple(step if cut else 0 for step, cut in zip(given, is_cut, strict=True)))


def mirrored(forward: tiling.Forward, halo: Sequence[int]) -> tiling.Forward:
    """Return a prediction of tiles that first pads each by its own reflection, `halo` pixels on either side."""

    def padded(tile: np.ndarray, core: tuple[slice, ...]) -> np.ndarray:
        around = np.pad(tile, ((0, 0), *((step, step) for step in halo)), mode="reflect")
        moved = tuple(slice(part.start + step, part.stop + step) for part, step in zip(core, halo, strict=True))
        return forward(around, moved)

    return padded


def seams(plan: tiling.Tiling) -> np.ndarray:
    """Return where cores begin or end, uint8 of the volume's shape: bit a between a voxel and the next along axis a."""
    found = np.zeros(plan.shape, dtype=np.uint8)
    for axis, (starts, size, length) in enumerate(zip(plan.starts, plan.patch, plan.shape, strict=True)):
        edges = {edge for start in starts for edge in (start, start + size) if 0 < edge < length}
        np.moveaxis(found, axis, 0)[sorted(edge - 1 for edge in edges)] |= np.uint8(1 << axis)
    return found
