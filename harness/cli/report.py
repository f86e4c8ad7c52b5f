"""Write the report: a first page, a page per suite and tier, pages of records and samples; all from a disk."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_methods, add_metrics, add_project, add_results, add_suites
from harness.cli.output import log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "write the static HTML report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="*")
    add_results(parser)
    parser.add_argument(
        "--output", type=Path, default=Path("report"), metavar="DIR", help="folder to write into (default: report)"
    )
    add_methods(parser)
    add_metrics(parser)
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Write the report of the named suites, or of every suite, and print the path of its first page."""
    from harness.report import write_report

    suites = project.suites(arguments.suites)
    first_page = write_report(project, suites, arguments.results, arguments.output, log=log)
    result(str(first_page))
    return 0
