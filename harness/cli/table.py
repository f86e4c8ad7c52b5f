"""Print the table of a suite from its records, as Markdown, CSV, LaTeX (booktabs) or JSON."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_methods, add_metrics, add_project, add_results, add_settings, add_tier
from harness.cli.output import log, markdown_result, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "print the table of a suite"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", metavar="SUITE", help="id of a suite, or path of its .toml file")
    add_tier(parser)
    add_results(parser)
    parser.add_argument("--format", choices=("md", "csv", "tex", "json"), default="md", help="default: md")
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to a file instead of stdout")
    parser.add_argument(
        "--interval",
        action="store_true",
        help="with the 95 %% interval of each mean, over units and over what lies in them",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit with 1 if a claim does not hold, with 3 if cells failed or are missing",
    )
    add_methods(parser)
    add_settings(parser)
    add_metrics(parser)
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the table; without --strict a table that can be printed is a success, whatever it says."""
    from harness.store.files import replace_text
    from harness.tables import render, table_of

    suite = project.suite(arguments.suite)
    standing = project.results(arguments.results, suite, arguments.tier or suite.default_tier)
    table = table_of(standing, intervals=arguments.interval)
    text = render(table, arguments.format)
    if arguments.output is None:
        (markdown_result if arguments.format == "md" else result)(text)
    else:
        replace_text(arguments.output, text)
        log(f"wrote {arguments.output}")
    if not arguments.strict:
        return 0
    if table.is_broken:
        return 1
    return 0 if table.is_complete else 3
