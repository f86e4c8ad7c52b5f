"""StarDist for 2D images."""

from __future__ import annotations

from harness.stages.stardist.options import PlaneOptions
from harness.stages.stardist.stage import StarDistStage


class StarDist2D(StarDistStage):
    """Star-convex polygons: probability and ray distances from a U-Net, then non-maximum suppression."""

    id = "stardist-2d"
    title = "StarDist 2D"
    citation = "https://doi.org/10.1007/978-3-030-00934-2_30"
    dimensions = (2,)
    Options = PlaneOptions
    options: PlaneOptions
    model_class = "StarDist2D"
