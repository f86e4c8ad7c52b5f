"""Write what a bot says below a proposal of results: a table beside reference rows, changes, the worst errors."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_methods, add_project, add_results, add_tier
from harness.cli.output import markdown_result

if TYPE_CHECKING:
    from harness.project import Project

HELP = "write a Markdown comment on results: table, contamination, changes, worst errors"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", metavar="SUITE", help="id of a suite, or path of its .toml file")
    add_tier(parser)
    add_results(parser)
    parser.add_argument("--baseline", type=Path, metavar="DIR", help="published results, to name what changed")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="folder for pictures of the worst errors")
    parser.add_argument("--pictures-at", default="", metavar="URL", help="address below which they will be found")
    add_methods(parser)
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the comment."""
    from harness.report.comment import comment

    suite = project.suite(arguments.suite)
    tier = arguments.tier or suite.default_tier
    standing = project.results(arguments.results, suite, tier)
    baseline = None if arguments.baseline is None else project.results(arguments.baseline, suite, tier)
    markdown_result(comment(project, standing, baseline, arguments.pictures, pictures_at=arguments.pictures_at))
    return 0
