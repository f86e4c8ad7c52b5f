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
    add_suites,
    add_tier,
    selection,
)
from harness.cli.output import columns, json_result, result

if TYPE_CHECKING:
    from harness.project import Project
    from harness.standing import Plan, RowPlan

HELP = "show what a run would do"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="+")
    add_tier(parser)
    add_results(parser)
    add_filters(parser)
    add_methods(parser)
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the plan of each suite."""
    from harness.standing import plan

    plans, only = [], selection(arguments)
    for suite in project.suites(arguments.suites):
        tier = arguments.tier or suite.default_tier
        standing = project.results(arguments.results, suite, tier).only(only)
        timings = standing.timings or project.results(project.published, suite, tier).timings
        plans.append(plan(standing, project.catalogue, timings))
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
        "rows_without_estimate": list(made.unknown_rows),
        "unavailable": dict(made.unavailable),
        "same_computation": [list(group) for group in made.same],
        "rows": [
            {
                "row": row.row,
                "cells": row.cells,
                "done": row.done,
                "cell_s": row.cell_s,
                "from_other_rows": row.is_borrowed,
                "remaining_s": row.remaining_s,
            }
            for row in made.rows
        ],
    }


def _text(made: Plan) -> str:
    lines = [f"suite {made.suite}, tier {made.tier}: {len(made.cells)} cells, {made.remaining} to compute"]
    if made.remaining:
        known = len(made.rows) - len(made.unknown_rows)
        unknown = f"; {len(made.unknown_rows)} rows were never measured" if made.unknown_rows else ""
        lines.append((f"about {made.known_s:.0f} s of computing" if known else "cost not known") + unknown)
    borrowed = [row.row for row in made.rows if row.is_borrowed and row.remaining]
    if borrowed:
        lines.append(f"~ of rows never measured: seconds of their stages in other rows: {', '.join(borrowed)}")
    lines += [f"not available: {dataset}: {reason}" for dataset, reason in made.unavailable.items()]
    lines += [f"one and the same computation on this tier: {', '.join(group)}" for group in made.same]
    if made.rows:
        table = ((row.row, str(row.cells), str(row.done), _seconds(row)) for row in made.rows)
        lines += ["", columns(("row", "cells", "done", "s per cell"), table)]
    return "\n".join(lines)


def _seconds(row: RowPlan) -> str:
    """Return the seconds of a cell; "~" marks those of other rows."""
    return "?" if row.cell_s is None else f"{'~' if row.is_borrowed else ''}{row.cell_s:.3g}"
