"""Show what a run would do: cells per row, what is done, what is missing, and the cost estimated from timings."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from harness.cli.options import add_filters, add_json, add_plugins, add_results, add_suites, add_tier
from harness.cli.output import columns, json_result, result

if TYPE_CHECKING:
    from harness.suite import Plan

HELP = "show what a run would do"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="+")
    add_tier(parser)
    add_results(parser)
    add_filters(parser)
    add_plugins(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the plan of each suite."""
    from harness import registry
    from harness.cli.loading import load_suites, tier_of
    from harness.datasets import load_catalogue
    from harness.store import Store
    from harness.suite import plan

    catalogue = load_catalogue()
    plans = []
    for suite in load_suites(arguments.suites, arguments.plugins):
        tier = tier_of(suite, arguments.tier)
        store = Store(arguments.results, suite.id, suite.version, tier)
        plans.append(
            plan(
                suite,
                tier,
                catalogue,
                registry.stages(),
                rows=arguments.rows,
                datasets=arguments.datasets,
                folds=arguments.folds,
                stages=arguments.stages,
                done={record.cell for record in store.records() if record.status == "ok"},
                timings=store.timings(),
            )
        )
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
    lines += [f"not available: {dataset}: {reason}" for dataset, reason in made.unavailable.items()]
    lines += [f"one and the same computation on this tier: {', '.join(group)}" for group in made.same]
    if made.rows:
        table = (
            (row.row, str(row.cells), str(row.done), "?" if row.cell_s is None else f"{row.cell_s:.3g}")
            for row in made.rows
        )
        lines += ["", columns(("row", "cells", "done", "s per cell"), table)]
    return "\n".join(lines)
