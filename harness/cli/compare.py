"""Compare two rows of a suite metric by metric: interval of the difference, paired test, Holm's correction."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.cli.options import add_json, add_project, add_results, add_tier
from harness.cli.output import columns, json_result, log, result

if TYPE_CHECKING:
    from harness.project import Project
    from harness.standing.pairs import PairedMetric

HELP = "compare two rows of a suite with a paired test"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("suite", metavar="SUITE", help="id of a suite, or path of its .toml file")
    parser.add_argument("rows", metavar="ROW", nargs=2, help="the two rows; differences are second minus first")
    parser.add_argument(
        "--metric", dest="metrics", action="append", metavar="ID", help="only this metric; may be repeated"
    )
    add_tier(parser)
    add_results(parser)
    add_json(parser)
    add_project(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Print the comparison; exit with 3 where cells of either row failed or are missing."""
    from harness.standing.pairs import compare_rows

    suite = project.suite(arguments.suite)
    tier = arguments.tier or suite.default_tier
    standing = project.results(arguments.results, suite, tier)
    rows = (arguments.rows[0], arguments.rows[1])
    found = compare_rows(standing, rows, arguments.metrics or ())
    for row, gap in found.gaps.items():
        log(f"row '{row}': {gap}")
    if arguments.json:
        json_result(
            {
                "suite": suite.id,
                "tier": tier,
                "rows": list(rows),
                "gaps": dict(found.gaps),
                "metrics": [_json(one) for one in found.metrics],
            },
            one_line=True,
        )
    else:
        header = ("metric", *rows, "difference", "95 %", "n", "p", "p (Holm)", "better", "test")
        result(columns(header, map(_line, found.metrics)))
    return 3 if found.gaps else 0


def _line(found: PairedMetric) -> tuple[str, ...]:
    interval = found.interval
    means = tuple(_number(mean) for mean in found.means)
    n = f"{found.n} {found.over}" + (f" ({found.undefined} undefined)" if found.undefined else "")
    if interval is None:
        return (found.metric, *means, "-", "-", n, "-", "-", found.outcome, "-")
    bounds = f"[{_number(interval.low)}, {_number(interval.high)}]"
    p_values = (_number(value) for value in (found.p, found.p_holm))
    judged = found.better or found.outcome
    return (found.metric, *means, _number(interval.mean), bounds, n, *p_values, judged, found.test)


def _json(found: PairedMetric) -> dict[str, Any]:
    value = asdict(found)
    value["means"] = [None if math.isnan(mean) else mean for mean in found.means]
    return value


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.4g}"
