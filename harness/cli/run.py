"""Run every cell of suites that has no score yet, print the tables and keep them beside the records."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.cli.options import (
    add_filters,
    add_json,
    add_methods,
    add_project,
    add_results,
    add_settings,
    add_suites,
    add_tier,
    selection,
)
from harness.cli.output import columns, json_result, log, markdown_result, result

if TYPE_CHECKING:
    from harness.gating import PublishedScore
    from harness.project import Project
    from harness.runner.summary import RunSummary, SuiteSummary
    from harness.store import Record
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
    parser.add_argument(
        "--executor", choices=("local", "dask"), default="local", help="what computes: this machine, or a Dask cluster"
    )
    parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="Dask scheduler that runs already")
    parser.add_argument(
        "--cluster",
        choices=("local", "slurm", "pbs"),
        default="local",
        help="Dask cluster to start where no scheduler is named: worker processes here, or --jobs jobs of a batch "
        "system (queue, account and wall time: Dask's jobqueue.yaml)",
    )
    add_filters(parser)
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="what stages compute on (default: auto, a CUDA GPU for the stages whose library finds one)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        metavar="N",
        help="threads of one worker (default: cores shared among the jobs; with --scheduler, those of its machines)",
    )
    parser.add_argument("--offline", action="store_true", help="use no network")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--again", action="store_true", help="compute cells that have scores too, and replace those")
    chosen.add_argument(
        "--failed", action="store_true", help="compute only cells in which a method failed, and replace those records"
    )
    parser.add_argument(
        "--retries",
        type=int,
        default=2,
        metavar="N",
        help="how often a cell is tried again whose process was ended from outside, or whose file system does not "
        "serve (default: 2)",
    )
    parser.add_argument(
        "--wall-time",
        metavar="TIME",
        help="when a batch system ends this job, as SLURM writes it (MINUTES, HH:MM:SS, D-HH:MM:SS; default: what "
        "SLURM tells its jobs): before it, as at SIGTERM and SIGUSR1, no cell is begun any more",
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="how long cells at work may then go on before they are given up (default: 20)",
    )
    parser.add_argument("--dry-run", action="store_true", help="compute nothing, say how many cells would be computed")
    add_methods(parser)
    add_settings(parser)
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Run, print what failed or is missing first, then the tables; 3 if anything failed or is missing."""
    from harness.runner.api import run as run_suites
    from harness.runner.stopping import wall_time_s

    suites = project.suites(arguments.suites)
    summary = run_suites(
        suites,
        project=project,
        tier=arguments.tier,
        results=arguments.results,
        only=selection(arguments),
        jobs=arguments.jobs,
        executor=arguments.executor,
        scheduler=arguments.scheduler,
        cluster=arguments.cluster,
        device=arguments.device,
        threads=arguments.threads,
        offline=arguments.offline,
        again=arguments.again,
        failed=arguments.failed,
        retries=arguments.retries,
        wall_time_s=None if arguments.wall_time is None else wall_time_s(arguments.wall_time),
        grace_s=arguments.grace,
        dry_run=arguments.dry_run,
    )
    _log_summary(summary, is_dry=arguments.dry_run)
    counts: dict[str, Any] = summary.counts()
    if not arguments.dry_run:
        counts["published"] = _show(project, summary, suites, arguments)
    if arguments.json:
        json_result(counts, one_line=True)
    if summary.stopped:
        log(f"stopped: {summary.stopped}; what has ended is kept, and this goes on with the rest:")
        log(shlex.join(["harness", *arguments.words]))
    return 0 if summary.is_complete else EXIT_INCOMPLETE


def _log_summary(summary: RunSummary, *, is_dry: bool) -> None:
    for suite in summary.suites:
        log_cells(suite)
    if is_dry:
        log(f"dry run: {summary.pending} of {summary.cells} cells would be computed, {summary.cached} are done")
    else:
        counts = ", ".join(f"{count} {name}" for name, count in summary.counts().items())
        log(counts)


def log_cells(suite: SuiteSummary) -> None:
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


def _show(
    project: Project, summary: RunSummary, suites: Sequence[Suite], arguments: argparse.Namespace
) -> dict[str, int]:
    """Keep the table of every suite, print it beside the published scores, and return how many scores agree how.

    With --json nothing but JSON goes to stdout.
    """
    from harness.gating import agreement_counts, beside_published
    from harness.tables import render, table_of, write_tables

    by_id = {suite.id: suite for suite in suites}
    is_published = arguments.results.resolve() == project.published.resolve()
    scores: list[PublishedScore] = []
    for ran in summary.suites:
        standing = project.results(arguments.results, by_id[ran.suite], ran.tier)
        table = table_of(standing)
        lost = [] if standing.store is None else standing.out_of_reach(project.catalogue)
        if lost:
            log(f"{ran.folder}: the kept table stays: it shows records of data that is not here ({', '.join(lost)})")
        else:
            log(f"wrote {', '.join(map(str, write_tables(table, arguments.results)))}")
        _log_other_code(standing.of_other_code)
        if not arguments.json:
            markdown_result(render(table, "md"))
        if not is_published:
            found = beside_published(standing, project.results(project.published, by_id[ran.suite], ran.tier))
            scores += found
            if found and not arguments.json:
                result(_beside(found, by_id[ran.suite].primary))
    return {agreement.replace(" ", "_"): count for agreement, count in agreement_counts(scores).items()}


def _log_other_code(records: Sequence[Record]) -> None:
    """Say which records were made with other code than that at hand: they stand, as a published table does."""
    if records:
        rows = ", ".join(dict.fromkeys(record.row for record in records))
        log(f"{len(records)} records were made with other code than that at hand ({rows}); --again makes them anew")


def _beside(scores: Sequence[PublishedScore], primary: str) -> str:
    """Return own scores beside published ones: the primary metric of each row, and whatever else is not the same."""
    shown = [score for score in scores if score.metric in (primary, "statements") or score.agreement != "same"]
    lines = (
        (score.row, score.metric, f"{score.own:.6g}", f"{score.published:.6g}", _agreement(score)) for score in shown
    )
    hidden = len(scores) - len(shown)
    said = [f"the other {hidden} scores are the same, bit for bit"] if hidden else []
    return "\n".join(["", columns(("row", "metric", "here", "published", ""), lines), *said])


def _agreement(score: PublishedScore) -> str:
    differs = "" if score.agreement == "same" else f" by up to {score.largest:.3g}"
    other = " (published for another chain, other data or another version)" if score.is_other else ""
    return f"{score.agreement}{differs}{other}"
