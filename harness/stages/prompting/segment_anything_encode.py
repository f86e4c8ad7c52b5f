"""The stage `segment-anything-encode`: the image encoder, by the library `segment-anything`."""

from __future__ import annotations

from pathlib import Path

from harness.stages.nets.compute import Compute
from harness.stages.prompting.library import LibrarySam
from harness.stages.prompting.stages import EncodeStage


class SegmentAnythingEncode(EncodeStage):
    """Features of an image for `segment-anything-decode`; what `sam-encode` does, by the original library.

    The library needs torchvision, which cannot lie beside the CPU build of torch: it has an environment of its own.
    """

    id = "segment-anything-encode"
    title = "segment-anything: image encoder"
    needs = ("torch", "segment_anything", "torchvision")
    extra = "sam"
    licence = "Apache-2.0"

    def read_network(self, path: Path, compute: Compute) -> LibrarySam:
        """Return the network of a checkpoint."""
        return LibrarySam.load(path, compute)
