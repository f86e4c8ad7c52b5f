"""The stage `sam-decode`: prompt encoder and mask decoder of a network of the SAM family, by `transformers`."""

from __future__ import annotations

from pathlib import Path

from harness.stages.nets.compute import Compute
from harness.stages.prompting.network import TransformersSam
from harness.stages.prompting.stages import DecodeStage


class SamDecode(DecodeStage):
    """Masks of prompts on the features of `sam-encode`."""

    id = "sam-decode"
    title = "SAM: masks of prompts"
    needs = ("torch", "transformers")
    extra = "prompting"
    licence = "Apache-2.0"

    def read_network(self, path: Path, compute: Compute) -> TransformersSam:
        """Return the network of a checkpoint."""
        return TransformersSam.load(path, compute)
