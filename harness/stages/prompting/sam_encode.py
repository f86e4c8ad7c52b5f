"""The stage `sam-encode`: the image encoder of a network of the SAM family, by `transformers`."""

from __future__ import annotations

from pathlib import Path

from harness.stages.nets.compute import Compute
from harness.stages.prompting.network import TransformersSam
from harness.stages.prompting.stages import EncodeStage


class SamEncode(EncodeStage):
    """Features of an image for `sam-decode`, with a checkpoint in the layout of `segment-anything` of any width."""

    id = "sam-encode"
    title = "SAM: image encoder"
    needs = ("torch", "transformers")
    extra = "prompting"
    licence = "Apache-2.0"

    def read_network(self, path: Path, compute: Compute) -> TransformersSam:
        """Return the network of a checkpoint."""
        return TransformersSam.load(path, compute)
