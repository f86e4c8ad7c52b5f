"""Write a cell for a viewer: image, truth, prediction and error map as one OME-Zarr folder, its prompts as a PNG."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_project, add_results
from harness.cli.output import log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "write a cell's image, truth, prediction and errors as OME-Zarr"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "cell", metavar="CELL", help='beginning of the cell\'s key (scores.jsonl), or its name: "ROW on DATASET/SAMPLE"'
    )
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder to write into")
    parser.add_argument(
        "--prompts",
        action="store_true",
        help="write a PNG of its prompts over the image instead",
    )
    parser.add_argument("--suite", metavar="SUITE", help="suite of the cell (default: every one of the project)")
    add_results(parser)
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Write the cell and print where; 3 if its prediction is not here, or if it has no prompts to draw."""
    from harness.datasets.fetching.places import cache_folder
    from harness.report.prompts import LEGEND, write_prompts
    from harness.runner.exporting import export_cell, recorded_cell

    suite = project.suite(arguments.suite) if arguments.suite else None
    cell, record = recorded_cell(project, arguments.cell, arguments.results, suite)
    if arguments.prompts:
        result(str(write_prompts(project, cell, record, arguments.to, cache_folder())))
        log(LEGEND)
        return 0
    result(str(export_cell(project, cell, record, arguments.to, cache_folder())))
    return 0
