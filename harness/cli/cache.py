"""Show what the cache holds (datasets, weights, models, stage outputs, predictions, logs); clear parts, limit one."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from harness.cli.options import add_json
from harness.cli.output import columns, json_result, log, result

if TYPE_CHECKING:
    from pathlib import Path

    from harness.project import Project


HELP = "show, clear or limit the cache"
PARTS = ("datasets", "weights", "models", "stages", "predictions", "logs")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--clear",
        nargs="+",
        choices=PARTS,
        default=[],
        metavar="PART",
        help=f"remove parts ({', '.join(PARTS)}); whatever is needed again is fetched or computed again",
    )
    parser.add_argument(
        "--limit",
        type=_bytes,
        metavar="GB",
        help="keep at most so many GB of predictions, now and at the begin of every run: those not used for longest go",
    )
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Clear what is named, then print the folder and the size of each part."""
    from harness.datasets.fetching.places import cache_folder
    from harness.predictions import Predictions

    folder = cache_folder()
    predictions = Predictions(folder)
    for part in arguments.clear:
        if part == "predictions":
            predictions.clear()
        else:
            _clear(folder / part)
        log(f"cleared {folder / part}")
    if arguments.limit is not None:
        predictions.set_limit(arguments.limit)
        log(f"removed {len(predictions.apply_limit())} predictions")
    sizes = {part: predictions.size() if part == "predictions" else _size(folder / part) for part in PARTS}
    if arguments.json:
        parts = {part: {"files": files, "bytes": size} for part, (files, size) in sizes.items()}
        parts["predictions"] |= {"limit_bytes": predictions.limit_bytes, "evicted": len(predictions.evicted())}
        json_result({"folder": str(folder), "parts": parts})
    else:
        result(f"cache folder: {folder}")
        result(columns(("part", "files", "MB"), ((p, str(n), f"{size / 1e6:.1f}") for p, (n, size) in sizes.items())))
        result(
            f"predictions: at most {predictions.limit_bytes / 1e9:g} GB; {len(predictions.evicted())} removed so far"
        )
    return 0


def _bytes(text: str) -> int:
    """Return GB as bytes; raises what the parser prints for anything but a size."""
    try:
        size = float(text)
    except ValueError:
        size = math.nan
    if not 0 <= size < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of GB; accepted: 0 or more")
    return int(size * 1e9)


def _clear(folder: Path) -> None:
    import shutil

    from harness.errors import StoreError

    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be removed ({error.strerror})") from error


def _size(folder: Path) -> tuple[int, int]:
    """Return the number of files below a folder and their bytes."""
    sizes = [path.lstat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)
