"""Show what a run would do: cells per row, what is done, what is missing, and the cost estimated from timings."""

from __future__ import annotations

import argparse
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
from harness.cli.output import columns, json_result, result
from harness.clock import spoken

if TYPE_CHECKING:
    from harness.project import Project
    from harness.standing import Download, Plan, RowPlan

HELP = "show what a run would do"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="+")
    add_tier(parser)
    add_results(parser)
    add_filters(parser)
    add_methods(parser)
    add_settings(parser)
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the plan of each suite."""
    from harness.datasets.fetching.places import cache_folder
    from harness.predictions import Predictions
    from harness.standing import plan

    predictions = Predictions(cache_folder())
    plans, only = [], selection(arguments)
    for suite in project.suites(arguments.suites):
        tier = arguments.tier or suite.default_tier
        standing = project.results(arguments.results, suite, tier).only(only)
        timings, per_voxel_s = project.timings_of(standing), project.per_voxel_s(standing)
        plans.append(plan(standing, project.catalogue, timings, predictions, per_voxel_s))
    if arguments.json:
        json_result([_json(made) for made in plans])
    else:
        result("\n\n".join(_text(made) for made in plans))
    return 0


def _json(made: Plan) -> dict[str, Any]:
    return {
        "suite": made.suite,
        "tier": made.tier,
        "cells": len(made.cells),
        "remaining": made.remaining,
        "estimate_s": made.known_s,
        "node_hours": made.known_s / 3600,
        "gpu_s": made.gpu_s,
        "download": {
            "files": made.download.files,
            "bytes": made.download.bytes,
            "of_unstated_size": made.download.unsized,
        },
        "kept_bytes": made.kept_bytes,
        "rows_without_estimate": list(made.unknown_rows),
        "unavailable": dict(made.unavailable),
        "same_computation": [list(group) for group in made.same],
        "rows": [
            {
                "row": row.row,
                "cells": row.cells,
                "done": row.done,
                "cell_s": row.cell_s,
                "from_other_rows": row.source == "other rows",
                "from_an_earlier_chain": row.source == "an earlier chain",
                "from_the_mini_tier": row.source == "the mini tier",
                "trainings": row.trainings,
                "training_s": row.training_s,
                "remaining_s": row.remaining_s,
            }
            for row in made.rows
        ],
    }


def _text(made: Plan) -> str:
    lines = [f"suite {made.suite}, tier {made.tier}: {len(made.cells)} cells, {made.remaining} to compute"]
    if made.remaining:
        lines += _cost_lines(made)
    lines += [f"not available: {dataset}: {reason}" for dataset, reason in made.unavailable.items()]
    lines += [f"one and the same computation on this tier: {', '.join(group)}" for group in made.same]
    if made.rows:
        table = (
            (row.row, str(row.cells), str(row.done), _seconds(row), str(row.trainings or "-"), _training(row))
            for row in made.rows
        )
        lines += ["", columns(("row", "cells", "done", "s per cell", "trainings", "s per training"), table)]
    return "\n".join(lines)


def _cost_lines(made: Plan) -> list[str]:
    """Return time, download, disk and hours of a GPU, and which seconds are not those of the very chain."""
    known = len(made.rows) - len(made.unknown_rows)
    unknown = f"; {len(made.unknown_rows)} rows were never measured" if made.unknown_rows else ""
    trainings = sum(row.trainings for row in made.rows)
    trained_s = sum(row.training_s for row in made.rows)
    of_them = f", of them {spoken(trained_s)} for {trainings} trainings" if trainings else ""
    hours = f", {made.known_s / 3600:.2g} node hours of one cell after the other"
    lines = [(f"about {spoken(made.known_s)} of computing{of_them}{hours}" if known else "cost not known") + unknown]
    if made.gpu_s:
        lines.append(f"about {made.gpu_s / 3600:.2g} GPU hours, as measured on a GPU")
    elif known:
        lines.append("GPU hours: not known, for none of these seconds was measured on a GPU")
    lines.append(f"download: {_download(made.download)}")
    kept = "what predictions take is not known, for none of its cells has one here"
    if made.kept_bytes is not None:
        kept = f"about {made.kept_bytes / 1e6:.3g} MB of kept predictions"
    lines.append(f"disk: the download, and {kept} (`harness cache` bounds them)")
    for mark, source, what in (
        ("*", "an earlier chain", "seconds of what the row was before: its chain, data or parameters have changed"),
        ("~", "other rows", "of rows never measured: seconds of their stages in other rows"),
        ("^", "the mini tier", "of rows never measured: seconds a voxel of the mini tier (smaller networks)"),
    ):
        rows = [row.row for row in made.rows if row.source == source and row.remaining]
        if rows:
            lines.append(f"{mark} {what}: {', '.join(rows)}")
    return lines


def _download(download: Download) -> str:
    if not download.files:
        return "nothing"
    sized = download.files - download.unsized
    parts = [f"{download.bytes / 1e6:.1f} MB in {sized} files"] if sized else []
    parts += [f"{download.unsized} files whose size nobody states"] if download.unsized else []
    return " and ".join(parts)


def _seconds(row: RowPlan) -> str:
    """Return the seconds of a cell with the mark of where they come from."""
    mark = {"an earlier chain": "*", "other rows": "~", "the mini tier": "^"}.get(row.source, "")
    return "?" if row.cell_s is None else f"{mark}{row.cell_s:.3g}"


def _training(row: RowPlan) -> str:
    return f"{row.training_s / row.trainings:.3g}" if row.trainings else "-"
