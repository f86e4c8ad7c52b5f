"""The stage `segment-anything-decode`: prompt encoder and mask decoder, by the library `segment-anything`."""

from __future__ import annotations

from pathlib import Path

from harness.stages.nets.compute import Compute
from harness.stages.prompting.library import LibrarySam
from harness.stages.prompting.stages import DecodeStage


class SegmentAnythingDecode(DecodeStage):
    """Masks of prompts on features; what `sam-decode` does, by the original library.

    The library needs torchvision, which cannot lie beside the CPU build of torch: it has an environment of its own.
    """

    id = "segment-anything-decode"
    title = "segment-anything: masks of prompts"
    needs = ("torch", "segment_anything", "torchvision")
    extra = "sam"
    licence = "Apache-2.0"

    def read_network(self, path: Path, compute: Compute) -> LibrarySam:
        """Return the network of a checkpoint."""
        return LibrarySam.load(path, compute)
