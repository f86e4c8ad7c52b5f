"""Score one label image against another: TIFF, PNG, NPY, HDF5 (file.h5:key) or Zarr in, a number per metric out."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from harness.cli.options import add_json
from harness.cli.output import columns, json_result, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "score a label image against the truth"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("prediction", metavar="PRED", help="predicted label image")
    parser.add_argument("truth", metavar="GT", help="ground-truth label image")
    parser.add_argument(
        "--metric",
        dest="metrics",
        action="append",
        nargs="+",
        metavar="ID",
        help="only these metrics, in this order (default: every registered one)",
    )
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the scores; a value that its convention leaves undefined is null in JSON."""
    from harness.datasets.readers import read_labels
    from harness.scoring import score

    metrics = None if arguments.metrics is None else [name for names in arguments.metrics for name in names]
    scores = score(read_labels(arguments.prediction), read_labels(arguments.truth), metrics)
    if arguments.json:
        shown = {name: None if math.isnan(value) else value for name, value in scores.items()}
        json_result({"metrics": shown}, one_line=True)
    else:
        result(columns(("metric", "value"), ((name, _text(value)) for name, value in scores.items())))
    return 0


def _text(value: float) -> str:
    return "undefined" if math.isnan(value) else f"{value:.6g}"
