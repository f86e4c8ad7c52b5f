"""What MetricsReloaded says of masks `truth.<n>`, `pred.<n>` with voxels of `spacing.<n>`; the options are tolerances.

Its boundary IoU knows no size of a voxel: it is that of voxels of size 1.
"""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np
from MetricsReloaded.metrics.pairwise_measures import BinaryPairwiseMeasures


def main(path: str, *tolerances: str) -> None:
    warnings.simplefilter("ignore")
    images = np.load(path)
    answers = {}
    for name in (key.removeprefix("truth.") for key in images.files if key.startswith("truth.")):
        masks = [images[f"{side}.{name}"].astype(int) for side in ("pred", "truth")]
        found = answers.setdefault(name, {})
        for one in tolerances:
            options = {"nsd": float(one), "hd_perc": 95, "boundary_dist": float(one)}
            measures = BinaryPairwiseMeasures(*masks, dict_args=options, pixdim=list(images[f"spacing.{name}"]))
            names = ("hd.voxels", "assd.voxels", "hd95.voxels", "masd.voxels")
            found.update(zip(names, measures.measured_distance(), strict=True))
            found[f"nsd.voxels.{one}um"] = measures.normalised_surface_distance()
            found[f"boundary-iou.voxels.{one}px"] = measures.boundary_iou()
    json.dump(answers, sys.stdout, default=float)


main(*sys.argv[1:])
