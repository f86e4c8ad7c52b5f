"""What funlib.evaluate's rand_voi says of pairs `truth.<n>`, `pred.<n>`: VOI and the parts of it by label."""

from __future__ import annotations

import json
import sys

import numpy as np
from funlib.evaluate import rand_voi


def main(path: str) -> None:
    images = np.load(path)
    answers = {}
    for name in (key.removeprefix("truth.") for key in images.files if key.startswith("truth.")):
        pair = (images[f"{side}.{name}"].astype(np.uint64) for side in ("truth", "pred"))
        found = rand_voi(*pair, return_cluster_scores=True)
        answers[name] = {
            "split": found["voi_split"],
            "merge": found["voi_merge"],
            "split_i": {str(label): part for label, part in found["voi_split_i"].items()},
            "merge_j": {str(label): part for label, part in found["voi_merge_j"].items()},
        }
    json.dump(answers, sys.stdout)


main(*sys.argv[1:])
