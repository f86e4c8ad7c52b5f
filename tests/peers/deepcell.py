"""What deepcell-toolbox's ObjectAccuracy says of pairs `truth.<n>`, `pred.<n>`: counts, and labels by kind of error."""

from __future__ import annotations

import json
import sys

import numpy as np
from deepcell_toolbox.metrics import ObjectAccuracy


def plain(value: object) -> object:
    """Return lists of labels as sorted plain numbers."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return sorted(int(label) for label in value)  # type: ignore[attr-defined]


def main(path: str, cutoff1: str) -> None:
    images = np.load(path)
    answers = {}
    for name in (key.removeprefix("truth.") for key in images.files if key.startswith("truth.")):
        try:
            found = ObjectAccuracy(images[f"truth.{name}"], images[f"pred.{name}"], cutoff1=float(cutoff1))
        except (IndexError, ValueError) as error:
            answers[name] = {"error": type(error).__name__}
            continue
        counts = found.save_to_dataframe().iloc[0].to_dict()
        answers[name] = {
            "counts": {kind: float(number) for kind, number in counts.items() if number == number},
            "labels": plain(found.save_error_ids()[0]),
        }
    json.dump(answers, sys.stdout)


main(*sys.argv[1:])
