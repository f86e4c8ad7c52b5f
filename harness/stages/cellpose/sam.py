"""The stage `cellpose-sam`: version 4 of the library, in an interpreter of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, Weights, option
from harness.stages.arrays import labels_on
from harness.stages.cellpose.network import single_file
from harness.stages.cellpose.options import Mode
from harness.stages.cellpose.predicting import anisotropy_of, require_mode
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first
from harness.stages.nets.compute import choose, torch_threads

CHANNELS = 3


class CellposeSAM(Stage):
    """The image encoder of SAM predicting Cellpose flows; prediction only, any object size, up to three channels.

    Cellpose 4 and 3 are one package name, so that this stage needs another interpreter than the stage `cellpose`.
    """

    id = "cellpose-sam"
    title = "Cellpose-SAM"
    needs = ("cellpose", "torch")
    needs_versions = ("cellpose>=4",)
    extra = "cellpose-sam"
    devices = ("cpu", "cuda")
    licence = "BSD-3-Clause; weights trained on CC-BY-NC data"
    citation = "https://doi.org/10.1101/2025.04.28.651001"

    class Options(StageOptions):
        weights: Weights = option("cellpose-cpsam", "a Cellpose 4 checkpoint")
        mode: Mode = option("planes", "2D planes stitched, or flows of three directions")
        diameter: float = option(0.0, "object diameter, scaled to 30; 0 = the image as it is", unit="px", ge=0.0)
        stitch_threshold: float = option(0.9, "IoU that joins masks of planes", ge=0.01, le=1.0)
        anisotropy: float = option(0.0, "z step over y step in 3d mode; 0 = from the data's spacing", ge=0.0)
        flow_threshold: float = option(0.4, "highest flow error of a mask (planes mode only)", ge=0.0)
        cellprob_threshold: float = option(0.0, "logit above which a pixel is inside")
        min_size: int = option(15, "smallest mask", unit="px", ge=-1)
        prediction_batch: int = option(8, "tiles predicted at once", ge=1)
        half_precision: bool = option(True, "bfloat16 weights, the library's default")

    options: Options

    def load(self, context: Context) -> None:
        """Read the checkpoint. Nothing is downloaded: a missing 'weights' is a `DataError`."""
        options = self.options
        if "weights" not in context.weights:
            raise DataError(f"{self.where} has no checkpoint; accepted: 'weights' with a Cellpose 4 file")
        import torch
        from cellpose.models import CellposeModel

        compute = choose(context.device, "float32", 2)
        self.model: Any = CellposeModel(
            device=torch.device(compute.device),
            pretrained_model=str(single_file(context.weights["weights"])),
            use_bfloat16=options.half_precision,
        )

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return uint32 labels of the image."""
        image = inputs["image"]
        options = self.options
        where = self.where
        array = channels_first(image, where)
        if len(array) > CHANNELS:
            raise DataError(f"{where}: the image has {len(array)} channels; accepted: 1 to {CHANNELS}")
        in_3d = require_mode(options.mode, image, where)
        volume = array.ndim == 4 and array.shape[1] > 1
        if not volume:
            array = array.reshape(len(array), *array.shape[-2:])
        with torch_threads(context.threads):
            masks, _, _ = self.model.eval(
                np.moveaxis(array, 0, -1),
                batch_size=options.prediction_batch,
                channel_axis=array.ndim - 1,
                z_axis=0 if volume else None,
                normalize={"norm3D": True},
                diameter=options.diameter or None,
                flow_threshold=options.flow_threshold,
                cellprob_threshold=options.cellprob_threshold,
                do_3D=in_3d,
                anisotropy=anisotropy_of(options.anisotropy, image, where) if in_3d else None,
                stitch_threshold=options.stitch_threshold if volume and not in_3d else 0.0,
                min_size=options.min_size,
            )
        return labels_on(np.asarray(masks).reshape(image.grid.shape).astype(np.uint32), image)
