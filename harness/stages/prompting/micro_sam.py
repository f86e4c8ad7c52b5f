"""The stage `micro-sam`: the automatic modes of the library of that name, in an interpreter that has it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, Weights, option
from harness.stages.arrays import labels_on
from harness.stages.contract import Context, Stage
from harness.stages.nets.checkpoints import read_state, weights_file
from harness.stages.nets.compute import torch_threads
from harness.stages.prompting.network import read
from harness.stages.prompting.pixels import as_rgb

Mode = Literal["amg", "ais", "apg"]
SIZES = {768: "vit_b", 1024: "vit_l", 1280: "vit_h"}
"""The names of the published image encoders by their channels."""


def decoder_beside(checkpoint: Path) -> Path | None:
    """Return the instance decoder that is released beside a checkpoint: "vit_l_decoder.pt" of "vit_l.pt"."""
    found = checkpoint.with_name(f"{checkpoint.stem}_decoder{checkpoint.suffix}")
    return found if found.is_file() else None


class MicroSam(Stage):
    """A grid of points (amg), or the instance decoder by watershed (ais) or as a source of prompts (apg).

    Grey values are brought to 8 bits by each plane's minimum and maximum; planes of a volume are joined by the library.
    """

    id = "micro-sam"
    title = "micro-SAM: automatic segmentation"
    needs = ("torch", "micro_sam", "torchvision")
    extra = "sam"
    devices = ("cpu", "cuda")
    dimensions = (2,)
    licence = "MIT"
    citation = "Archit et al. 2025, Nature Methods 22, doi:10.1038/s41592-024-02580-4"

    class Options(StageOptions):
        weights: Weights = option("", "a checkpoint of ViT-B, ViT-L or ViT-H, its instance decoder beside it")
        mode: Mode = option("ais", "a grid, the instance decoder, or prompts that it makes")

    options: Options

    def load(self, context: Context) -> None:
        """Read the checkpoint and, but for amg, its decoder. Nothing is downloaded: what is absent is a `DataError`.

        Both are read as plain tensors first: the library runs whatever code a file asks for.
        """
        if "weights" not in context.weights:
            raise DataError(f"{self.where} has no checkpoint; accepted: 'weights' with ViT-B, ViT-L or ViT-H")
        file = weights_file(context.weights["weights"])
        spec, _ = read(file)
        if spec.width not in SIZES:
            raise DataError(f"{self.where}: {file} holds {spec.title}; accepted: widths {', '.join(map(str, SIZES))}")
        decoder = None if self.options.mode == "amg" else decoder_beside(file)
        if decoder is None and self.options.mode != "amg":
            raise DataError(
                f"{self.where}: no instance decoder beside {file}, which mode '{self.options.mode}' needs; "
                f'accepted: {file.stem}_decoder{file.suffix}, or mode = "amg"'
            )
        decoder_state = None if decoder is None else read_state(decoder)
        from micro_sam.automatic_segmentation import get_predictor_and_segmenter
        from micro_sam.util import get_sam_model

        size = SIZES[spec.width]
        predictor, state = get_sam_model(size, context.device, checkpoint_path=str(file), return_state=True)
        if decoder_state is not None:
            state["decoder_state"] = decoder_state
        self.predictor, self.segmenter = get_predictor_and_segmenter(
            size, device=context.device, segmentation_mode=self.options.mode, predictor=predictor, state=state
        )

    def run(self, inputs: Mapping[str, Any], context: Context) -> Volume:
        """Return uint32 labels of a 2D image."""
        from micro_sam.automatic_segmentation import automatic_instance_segmentation

        image: Volume = inputs["image"]
        rgb = as_rgb(image, 0, "min-max", self.where)
        with torch_threads(context.threads):
            found = automatic_instance_segmentation(self.predictor, self.segmenter, rgb, ndim=2, verbose=False)
        return labels_on(np.asarray(found).astype(np.uint32), image)
