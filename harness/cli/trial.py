"""Try methods on own images: two folders in; a table, curves, pictures of errors, and the files to go on with out."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_project
from harness.cli.output import log, markdown_result, result

if TYPE_CHECKING:
    from harness.model import Tier
    from harness.project import Project
    from harness.standing import Standing
    from harness.trying import Found

HELP = "from a folder of images and labels to a table, curves and pictures of errors"
EXIT_INCOMPLETE = 3
TIER: Tier = "mini"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("images", type=Path, metavar="IMAGES", help="folder of images")
    parser.add_argument("labels", type=Path, metavar="LABELS", help="folder of label images with the same names")
    parser.add_argument(
        "--methods", dest="tried", nargs="+", metavar="STAGE", help="stages that make labels of an image"
    )
    parser.add_argument("--folds", type=int, default=3, metavar="N", help="parts, each tested once (default: 3)")
    parser.add_argument(
        "--minutes",
        type=float,
        default=20.0,
        metavar="M",
        help="when computing ends, done or not (default: 20); tables and pictures take a moment longer",
    )
    parser.add_argument("--output", type=Path, default=Path("try"), metavar="DIR", help="new folder (default: try)")
    parser.add_argument("--dry-run", action="store_true", help="write the two files and compute nothing")
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Write declaration and suite, run them, and print the table; 3 if a cell failed or is missing."""
    from harness.errors import ConfigError
    from harness.project import Project
    from harness.short_trainings import Schedule, slowness
    from harness.store.files import replace_text
    from harness.trying import dataset_text, find_pairs, suite_text

    if arguments.folds < 1 or not 0 < arguments.minutes < 1e6:
        raise ConfigError(f"--folds is {arguments.folds}, --minutes {arguments.minutes:g}; accepted: from 1, above 0")
    folder: Path = arguments.output
    if folder.exists():
        raise ConfigError(
            f"{folder}: is there already; edit its files and run them with `harness run try` in that folder, "
            f"or name another with --output"
        )
    ends_at_s = time.monotonic() + arguments.minutes * 60
    found = find_pairs(arguments.images, arguments.labels)
    for name in found.left_out:
        log(f"harness: {name}: left out, it has no partner of its name and ending")
    if found.are_masks:
        log("harness: note: the labels are masks: each connected part is an object (`components = true`)")
    methods = _methods(project, found, arguments)
    trainings = min(arguments.folds, len(found.samples))
    schedule = Schedule.of(methods, trainings=trainings, minutes=arguments.minutes, slowness=slowness())
    for remark in schedule.remarks():
        log(f"harness: note: {remark}")
    suite = suite_text(methods, found, schedule)
    replace_text(folder / "datasets.toml", dataset_text(found, arguments.folds))
    replace_text(folder / "suites" / "try.toml", suite)
    log(f"wrote {folder / 'datasets.toml'}, {folder / 'suites' / 'try.toml'}: keep and edit them")
    plugins = [path.resolve() for path in arguments.plugins]
    own = Project.find(folder, plugins=plugins, catalogues=[folder.resolve() / "datasets.toml"])
    return 0 if arguments.dry_run else _run(own, folder, ends_at_s)


def _methods(project: Project, found: Found, arguments: argparse.Namespace) -> tuple[str, ...]:
    from harness.errors import ConfigError
    from harness.trying import default_methods

    if not arguments.tried:
        return default_methods(found, (entry.id for entry in project.stages if not entry.reason))
    for name in arguments.tried:
        stage = project.stages.get(name)
        if tuple(stage.inputs) != ("image",) or "labels" not in stage.outputs:
            raise ConfigError(
                f"--methods: stage '{name}' reads {', '.join(stage.inputs)} and makes {', '.join(stage.outputs)}; "
                f"accepted: stages that make labels of an image alone (a chain of stages goes into a suite)"
            )
    return tuple(dict.fromkeys(arguments.tried))


def _account(standing: Standing, stopped: str) -> Iterator[str]:
    """Yield what of each method was done and what was not."""
    for row in standing.rows.values():
        steps = next(
            (
                f"{count} {name}"
                for name in ("steps", "epochs")
                if (count := row.cells[0].chain[0].parameters.get(name)) is not None
            ),
            "",
        )
        models = len({stage.model for record in row.records for stage in record.stages if stage.model})
        trained = f", {models} of {len({cell.fold.id for cell in row.cells})} trainings of {steps}" if steps else ""
        reason = f" ({stopped})" if row.missing and stopped else ""
        gaps = f"; {row.gaps}{reason}" if row.gaps else ""
        yield f"{row.row}: {row.ok} of {len(row.cells)} images scored{trained}{gaps}"


def _run(project: Project, folder: Path, ends_at_s: float) -> int:
    from harness.cli.run import log_cells
    from harness.errors import BackendError
    from harness.report import write_report
    from harness.report.errors import LEGEND, write_pictures
    from harness.runner.api import run
    from harness.tables import render, table_of, write_tables

    suite = project.suite("try")
    results = folder / "runs"
    left_s = max(0.0, ends_at_s - time.monotonic())
    summary = run(suite, project=project, tier=TIER, results=results, time_limit_s=left_s)
    for one in summary.suites:
        log_cells(one)
    standing = project.results(results, suite, TIER)
    write_tables(table_of(standing), results)
    pictures = write_pictures(project, standing, folder / "errors")
    log(f"wrote {len(pictures)} pictures of errors: {folder / 'errors'}: {LEGEND}")
    try:
        log(f"wrote {write_report(project, [suite], results, folder / 'report')}")
    except BackendError as error:  # the table is there all the same
        log(f"harness: no report with curves: {error}")
    markdown_result(render(table_of(standing), "md"))
    for line in _account(standing, summary.stopped):
        result(line)
    result(f"next: edit {folder / 'suites' / 'try.toml'}, then `harness run try` in {folder}")
    return 0 if summary.is_complete else EXIT_INCOMPLETE
