"""What deepcell-toolbox's ObjectMetrics says of pairs `truth.<n>`, `pred.<n>`: counts, and labels by kind of error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

import numpy as np
from deepcell_toolbox.metrics import ObjectMetrics

KINDS = ("correct", "missed", "gained", "splits", "merges", "catastrophes")
COUNTS = ("correct_detections", "missed_detections", "gained_detections", "split", "merge", "catastrophe")


def labels(detections: Iterable[object], side: str, first: int) -> list[int]:
    """Labels of one side; the library counts those of matched objects from 0, all others from 1."""
    found: list[int] = []
    for detection in detections:
        index = getattr(detection, side)
        found += [] if index is None else index if isinstance(index, tuple) else [index]
    return sorted(int(index) + 1 - first for index in found)


def is_pair(detection: object) -> bool:
    """Whether a detection is one object matched with another: groups stand among the correct ones too."""
    return isinstance(detection.true_index, int) and isinstance(detection.pred_index, int)  # type: ignore[attr-defined]


def main(path: str, cutoff1: str) -> None:
    images = np.load(path)
    answers = {}
    for name in (key.removeprefix("truth.") for key in images.files if key.startswith("truth.")):
        try:
            found = ObjectMetrics(images[f"truth.{name}"], images[f"pred.{name}"], cutoff1=float(cutoff1))
        except IndexError as error:
            answers[name] = {"error": type(error).__name__}
            continue
        counts = found.to_dict()
        answers[name] = {"counts": {kind: int(counts[kind]) for kind in COUNTS}}
        for kind in KINDS:
            first = int(kind != "correct")
            detections = getattr(found, f"_{kind}") if first else filter(is_pair, found._correct)
            detections = list(detections)
            answers[name][kind] = [labels(detections, side, first) for side in ("true_index", "pred_index")]
    json.dump(answers, sys.stdout)


main(*sys.argv[1:])
