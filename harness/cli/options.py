"""Options that several commands share; each is declared once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.model import TIERS

if TYPE_CHECKING:
    from harness.suite import Selection


def add_suites(parser: argparse.ArgumentParser, *, nargs: str) -> None:
    """Add the positional SUITE: an id, or the path of a file ending in .toml."""
    parser.add_argument("suites", nargs=nargs, metavar="SUITE", help="id of a suite, or path of its .toml file")


def add_tier(parser: argparse.ArgumentParser) -> None:
    """Add --tier."""
    parser.add_argument("--tier", choices=TIERS, help="how much of the suite (default: the suite's default tier)")


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add --results."""
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("runs"),
        metavar="DIR",
        help="results folder (default: runs, the working folder; `--results results` is what the project publishes)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def add_project(parser: argparse.ArgumentParser) -> None:
    """Add what further belongs to the project: --plugin and --catalogue."""
    parser.add_argument(
        "--plugin",
        dest="plugins",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="Python file with further stages and metrics; may be repeated",
    )
    parser.add_argument(
        "--catalogue",
        dest="catalogues",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="catalogue of data sets and weights, in place of the datasets.toml found; may be repeated",
    )


def add_methods(parser: argparse.ArgumentParser) -> None:
    """Add --method."""
    parser.add_argument(
        "--method",
        dest="methods",
        action="append",
        default=[],
        metavar="CHAIN|FILE",
        help="a row laid over the suite: 'stage?parameter=value -> stage', a .toml file of rows, or a bundle of label "
        "images (.zip); may be repeated",
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add --set."""
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a line of TOML laid over every row and tier: 'data=[{dataset=\"mine\"}]', 'truth=\"\"' (no labels), "
        "'stages.pca.components=3'; may be repeated",
    )


def add_metrics(parser: argparse.ArgumentParser) -> None:
    """Add --metric for metrics laid over a suite."""
    parser.add_argument(
        "--metric",
        dest="added_metrics",
        action="append",
        default=[],
        metavar="ID",
        help="a further metric, that the suite does not name (of --plugin, or any registered one); may be repeated",
    )


def selection(arguments: argparse.Namespace) -> Selection:
    """Return what `add_filters` declared."""
    from harness.suite import Selection

    return Selection.of(
        rows=arguments.rows,
        stages=arguments.stages,
        datasets=arguments.datasets,
        folds=arguments.folds,
        samples=arguments.samples,
    )


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add --row, --stage, --dataset, --fold and --sample."""
    for name, what in (
        ("row", "of this row"),
        ("stage", "whose chain has this stage"),
        ("dataset", "of this dataset"),
        ("fold", "of this fold"),
        ("sample", "of this sample"),
    ):
        parser.add_argument(
            f"--{name}",
            dest=f"{name}s",
            action="append",
            metavar=name.upper(),
            help=f"only cells {what}; may be repeated",
        )
