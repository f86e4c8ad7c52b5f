"""Draw one sample side by side: image, truth, embedding as colours, and the kept labels of rows; no method is run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_filters, add_project, add_results, add_tier, selection
from harness.cli.output import log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "draw image, truth, embedding and labels of rows side by side"
EXIT_INCOMPLETE = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", metavar="SUITE", help="id of a suite, or path of its .toml file")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="file to write: .png or .svg")
    parser.add_argument(
        "--figure", default="", metavar="ID", help="draw the rows of this figure of the suite, laid out as it is"
    )
    add_tier(parser)
    add_results(parser)
    add_filters(parser)
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Write the file and print where; 3 if something of it is missing."""
    from harness.report.grid import write_grid

    suite = project.suite(arguments.suite)
    tier = arguments.tier or suite.default_tier
    suite.tier(tier)
    standing = project.results(arguments.results, suite, tier).only(selection(arguments))
    path, missing = write_grid(project, standing, arguments.to, figure=arguments.figure)
    for line in missing:
        log(line)
    result(str(path))
    return EXIT_INCOMPLETE if missing else 0
