"""Show what the cache holds (datasets, weights, models, stage outputs, logs) and clear parts of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli.options import add_json
from harness.cli.output import columns, json_result, log, result

if TYPE_CHECKING:
    from pathlib import Path

    from harness.project import Project

HELP = "show or clear the cache"
PARTS = ("datasets", "weights", "models", "stages", "logs")


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
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Clear what is named, then print the folder and the size of each part."""
    from harness.datasets.fetching.places import cache_folder

    folder = cache_folder()
    for part in arguments.clear:
        _clear(folder / part)
        log(f"cleared {folder / part}")
    sizes = {part: _size(folder / part) for part in PARTS}
    if arguments.json:
        parts = {part: {"files": files, "bytes": size} for part, (files, size) in sizes.items()}
        json_result({"folder": str(folder), "parts": parts})
    else:
        result(f"cache folder: {folder}")
        result(columns(("part", "files", "MB"), ((p, str(n), f"{size / 1e6:.1f}") for p, (n, size) in sizes.items())))
    return 0


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
