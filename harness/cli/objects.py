"""Write what became of every object of recorded cells, from kept predictions; no method is run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_filters, add_json, add_project, add_results, add_suites, add_tier, selection
from harness.cli.output import columns, json_result, log, result

if TYPE_CHECKING:
    from pandas import DataFrame

    from harness.project import Project

HELP = "write a line per object of recorded cells: found, missed, split, merged"
EXIT_INCOMPLETE = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="+")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="file to write: .csv or .parquet")
    parser.add_argument(
        "--by",
        metavar="COLUMN",
        help="print recall and classes by quarters of this column instead: voxels (size), nearest_um (crowding), …",
    )
    add_tier(parser)
    add_results(parser)
    add_filters(parser)
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Write the table and print its classes row by row; 3 if predictions are not here."""
    from harness.datasets.fetching.places import cache_folder
    from harness.errors import IncompleteError
    from harness.objects import file_format, joined, write_objects
    from harness.runner.objects import recorded_objects

    file_format(arguments.to)
    frames: list[DataFrame] = []
    missing = 0
    for suite in project.suites(arguments.suites):
        tier = arguments.tier or suite.default_tier
        suite.tier(tier)
        standing = project.results(arguments.results, suite, tier).only(selection(arguments))
        for found in recorded_objects(project, standing, cache_folder()):
            if isinstance(found, str):
                missing += 1
                log(found)
            else:
                frames.append(found)
    if not frames:
        raise IncompleteError(f"{arguments.results}: no cell with scores whose prediction is here")
    table = joined(frames)
    text = _summary(table) if arguments.by is None else _strata(table, arguments.by)
    write_objects(arguments.to, table)
    log(f"wrote {arguments.to}")
    if arguments.json:
        json_result({"objects": len(table), "cells": len(frames), "missing": missing}, one_line=True)
    else:
        result(text)
    return EXIT_INCOMPLETE if missing else 0


def _strata(table: DataFrame, by: str) -> str:
    """Return the truth objects of every row in quarters of a column."""
    from harness.objects import strata

    lines = []
    for row, objects in table.groupby("row", sort=False):
        found = strata(objects, by)
        header = ("row", f"{by} from", *found.columns[1:])
        lines += [(str(row), *(f"{value:.4g}" for value in line)) for line in found.itertuples(index=False, name=None)]
    return columns(header, lines)


def _summary(table: DataFrame) -> str:
    """Return the truth objects of every row by class, and its spurious predictions."""
    from harness.tables.errors import SHOWN

    lines = []
    for row, objects in table.groupby("row", sort=False):
        shown = objects[(objects["side"] == "truth") | (objects["class"] == "spurious")]
        counts = shown["class"].value_counts()
        lines.append((str(row), *(str(counts.get(name, 0)) for name in SHOWN)))
    return columns(("row", *SHOWN), lines)
