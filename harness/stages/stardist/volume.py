"""StarDist for 3D images."""

from __future__ import annotations

from harness.stages.stardist.options import network_parameters, prediction_parameters, training_parameters
from harness.stages.stardist.stage import StarDistStage


class StarDist3D(StarDistStage):
    """Star-convex polyhedra: probability and ray distances from a U-Net or ResNet, then non-maximum suppression."""

    id = "stardist-3d"
    title = "StarDist 3D"
    citation = "https://doi.org/10.1109/WACV45572.2020.9093435"
    dimensions = (3,)
    parameters = (*network_parameters(3), *training_parameters(3), *prediction_parameters())
    axes = "ZYX"
    model_class = "StarDist3D"
