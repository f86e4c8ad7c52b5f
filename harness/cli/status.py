"""Show where every table, figure and system stands: its suites, records, verdicts and claims, or why there are none."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli.options import add_json, add_project, add_results
from harness.cli.output import columns, json_result, log, result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "show what is recorded of every table, figure and system"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--suites", action="store_true", help="a line per suite, as a Markdown table")
    add_results(parser)
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print one line or object per item."""
    from dataclasses import asdict

    from harness.status import item_columns, project_status, suite_columns
    from harness.tables.markdown import escape, markdown_rows

    items = project_status(project, arguments.results)
    if arguments.json:
        json_result([{**asdict(item), "state": item.state, "recorded_tiers": list(item.tiers)} for item in items])
    elif arguments.suites:
        header, lines = suite_columns(items)
        result(markdown_rows(header, ([escape(text) for text in line] for line in lines)))
    elif items:
        result(columns(*item_columns(items)))
    else:
        log("no items and no suites")
    return 0
