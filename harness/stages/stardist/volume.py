"""StarDist for 3D images."""

from __future__ import annotations

from harness.stages.stardist.options import VolumeOptions
from harness.stages.stardist.stage import StarDistStage


class StarDist3D(StarDistStage):
    """Star-convex polyhedra: probability and ray distances from a U-Net or ResNet, then non-maximum suppression."""

    id = "stardist-3d"
    title = "StarDist 3D"
    citation = "https://doi.org/10.1109/WACV45572.2020.9093435"
    dimensions = (3,)
    Options = VolumeOptions
    options: VolumeOptions
    model_class = "StarDist3D"
