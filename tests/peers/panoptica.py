"""What panoptica says of masks `truth.<n>`, `pred.<n>` with voxels of `spacing.<n>`; the options are tolerances."""

from __future__ import annotations

import json
import sys

import numpy as np
from panoptica.metrics import _surface_distances as surfaces


def main(path: str, *tolerances: str) -> None:
    images = np.load(path)
    answers = {}
    for name in (key.removeprefix("truth.") for key in images.files if key.startswith("truth.")):
        sides = surfaces._surface_distance_pair(
            images[f"truth.{name}"], images[f"pred.{name}"], tuple(images[f"spacing.{name}"])
        )
        answers[name] = {
            "masd.voxels": surfaces._assd_from_pair(*sides),
            "hd.voxels": surfaces._hd_from_pair(*sides),
            "hd95.panoptica": surfaces._hd95_from_pair(*sides),
            **{f"nsd.panoptica.{one}um": surfaces._nsd_from_pair(*sides, threshold=float(one)) for one in tolerances},
        }
    json.dump(answers, sys.stdout, default=float)


main(*sys.argv[1:])
