"""Run every cell of suites that has no score yet, print the tables and keep them beside the records."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.cli.options import add_filters, add_json, add_plugins, add_results, add_suites, add_tier
from harness.cli.output import json_result, log, result

if TYPE_CHECKING:
    from pathlib import Path

    from harness.runner.summary import RunSummary, SuiteSummary
    from harness.suite import Suite

HELP = "run suites and print their tables"
EXIT_INCOMPLETE = 3
LINES_SHOWN = 20
NAMES_SHOWN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="+")
    add_tier(parser)
    add_results(parser)
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="cells computed at the same time (default: 1)")
    add_filters(parser)
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="what stages compute on (default: auto, a CUDA GPU for the stages whose library finds one)",
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads of one worker (default: cores shared among the jobs)"
    )
    parser.add_argument("--offline", action="store_true", help="use no network")
    parser.add_argument("--dry-run", action="store_true", help="compute nothing, say how many cells would be computed")
    add_plugins(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run, print what failed or is missing first, then the tables; 3 if anything failed or is missing."""
    from harness.cli.loading import load_suites
    from harness.runner.api import run as run_suites

    suites = load_suites(arguments.suites, arguments.plugins)
    summary = run_suites(
        suites,
        tier=arguments.tier,
        results=arguments.results,
        jobs=arguments.jobs,
        rows=arguments.rows,
        stages=arguments.stages,
        datasets=arguments.datasets,
        folds=arguments.folds,
        device=arguments.device,
        threads=arguments.threads,
        plugins=arguments.plugins,
        offline=arguments.offline,
        dry_run=arguments.dry_run,
    )
    _log_summary(summary, is_dry=arguments.dry_run)
    if not arguments.dry_run:
        _tables(summary, suites, arguments.results)
    if arguments.json:
        json_result(summary.counts(), one_line=True)
    return 0 if summary.is_complete else EXIT_INCOMPLETE


def _log_summary(summary: RunSummary, *, is_dry: bool) -> None:
    for suite in summary.suites:
        _log_cells(suite)
    if is_dry:
        log(f"dry run: {summary.pending} of {summary.cells} cells would be computed, {summary.cached} are done")
    else:
        counts = ", ".join(f"{count} {name}" for name, count in summary.counts().items())
        log(counts)


def _log_cells(suite: SuiteSummary) -> None:
    """Say each failure, and each reason for which cells are missing."""
    missing: dict[str, list[str]] = {}
    for cell in suite.missing_cells:
        missing.setdefault(cell.reason, []).append(cell.cell)
    lines = [(f"FAILED  {cell.cell}: {cell.status}: {cell.message}", 1) for cell in suite.failures]
    lines += [(_missing_line(reason, cells), len(cells)) for reason, cells in missing.items()]
    for line, _ in lines[:LINES_SHOWN]:
        log(line)
    hidden = sum(count for _, count in lines[LINES_SHOWN:])
    if hidden:
        log(f"… and {hidden} more; `harness table {suite.suite} --tier {suite.tier}` lists failures")


def _missing_line(reason: str, cells: Sequence[str]) -> str:
    if len(cells) == 1:
        return f"MISSING {cells[0]}: {reason}"
    names = ", ".join(cells[:NAMES_SHOWN]) + (", …" if len(cells) > NAMES_SHOWN else "")
    return f"MISSING {len(cells)} cells: {reason} ({names})"


def _tables(summary: RunSummary, suites: Sequence[Suite], results: Path) -> None:
    """Write the tables of every suite and print them as Markdown."""
    from harness.datasets import load_catalogue
    from harness.report import suite_table
    from harness.tables import render, write_tables

    catalogue = load_catalogue()
    by_id = {suite.id: suite for suite in suites}
    for ran in summary.suites:
        table = suite_table(by_id[ran.suite], ran.tier, results, catalogue)
        paths = write_tables(table, results)
        result(render(table, "md"))
        log(f"wrote {', '.join(map(str, paths))}")
