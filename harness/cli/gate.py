"""Compare results with a baseline (a results folder or a git revision) and exit with 1 if anything became worse."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_json, add_project, add_results, add_suites, add_tier
from harness.cli.output import json_result, log, markdown_result

if TYPE_CHECKING:
    from harness.project import Project
    from harness.suite import Suite

HELP = "compare results with a baseline"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_suites(parser, nargs="+")
    parser.add_argument(
        "--baseline",
        required=True,
        metavar="DIR|REVISION",
        help="results folder, or git revision that holds one; where it is the results folder itself, "
        "the records committed there are the baseline",
    )
    add_results(parser)
    add_tier(parser)
    parser.add_argument(
        "--tolerance",
        action="append",
        default=[],
        type=_tolerance,
        metavar="METRIC=VALUE",
        help="largest difference taken for equal, over what the suite declares; may be repeated",
    )
    parser.add_argument(
        "--hardware-tolerance",
        action="append",
        default=[],
        type=_tolerance,
        metavar="METRIC=VALUE",
        help="the same for networks on other hardware than the baseline's, where metrics without one are not judged",
    )
    parser.add_argument(
        "--time-ratio", type=float, default=1.25, metavar="R", help="slower by this factor is a regression (1.25)"
    )
    parser.add_argument(
        "--time-alpha", type=float, default=0.05, metavar="P", help="level of the rank test of durations (0.05)"
    )
    parser.add_argument("--no-time", action="store_true", help="do not compare durations")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the summary as Markdown")
    add_project(parser)
    add_json(parser)


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Compare every suite and print the summary."""
    from harness.gating import (
        GateRules,
        TimingRule,
        exit_code,
        gate_json,
        gate_junit,
        gate_markdown,
        gate_suites,
    )
    from harness.store.files import replace_text

    _check_timing(arguments.time_ratio, arguments.time_alpha)
    suites = project.suites(arguments.suites)
    timing = None if arguments.no_time else TimingRule(arguments.time_ratio, arguments.time_alpha)
    rules = GateRules(dict(arguments.tolerance), dict(arguments.hardware_tolerance), timing)
    _check_tolerance("--tolerance", rules.tolerance, suites)
    _check_tolerance("--hardware-tolerance", rules.hardware_tolerance, suites)
    results = _judged(arguments.results, arguments.baseline)
    gated = gate_suites(project, suites, arguments.baseline, results, tier=arguments.tier, rules=rules)
    comparisons = gated.comparisons
    summary = gate_markdown(comparisons, gated.baseline)
    for path, text in ((arguments.junit, gate_junit(comparisons)), (arguments.markdown, summary)):
        if path is not None:
            replace_text(path, text)
            log(f"wrote {path}")
    if arguments.json:
        json_result(gate_json(comparisons, gated.baseline))
    else:
        markdown_result(summary)
    return exit_code(comparisons)


def _judged(results: Path, baseline: str) -> Path:
    """Return the folder to judge: without a working folder a baseline folder itself, against what git holds of it."""
    from harness.project import RUNS

    if results != RUNS or results.exists() or not Path(baseline).is_dir():
        return results
    log(f"harness: note: there is no {RUNS}/: {baseline} itself is judged, against what is committed of it")
    return Path(baseline)


def _check_timing(ratio: float, alpha: float) -> None:
    """Raise `ConfigError` for a ratio or a level with which nothing can be tested."""
    from harness.errors import ConfigError

    if not 1 <= ratio < math.inf or not 0 < alpha < 1:
        raise ConfigError(
            f"--time-ratio is {ratio:g}, --time-alpha {alpha:g}; accepted: a ratio from 1, a level between 0 and 1"
        )


def _tolerance(text: str) -> tuple[str, float]:
    metric, _, value = text.partition("=")
    try:
        largest = float(value)
    except ValueError:
        largest = math.nan
    if not metric or not largest >= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not METRIC=VALUE with a value of 0 or more")
    return metric, largest


def _check_tolerance(option: str, tolerance: Mapping[str, float], suites: tuple[Suite, ...]) -> None:
    from harness.errors import RegistryError, nearest

    known = {metric for suite in suites for metric in suite.metrics}
    for metric in tolerance:
        if metric not in known:
            raise RegistryError(f"{option}: no metric of the suites is called '{metric}'{nearest(metric, known)}")
