"""Compare results with a baseline (a results folder or a git revision) and exit with 1 if anything became worse."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.options import add_json, add_plugins, add_results, add_suites, add_tier
from harness.cli.output import json_result, log, result

if TYPE_CHECKING:
    from harness.gate import Baseline, CellComparison, ClaimChange, Comparison, TimingRule
    from harness.model import Tier
    from harness.store import Store
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
    add_plugins(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare every suite and print the summary."""
    from harness.cli.loading import load_suites
    from harness.gate import TimingRule, exit_code, gate_json, gate_junit, gate_markdown, open_baseline

    suites = load_suites(arguments.suites, arguments.plugins)
    rule = None if arguments.no_time else TimingRule(arguments.time_ratio, arguments.time_alpha)
    tolerance, elsewhere = dict(arguments.tolerance), dict(arguments.hardware_tolerance)
    _check_tolerance("--tolerance", tolerance, suites)
    _check_tolerance("--hardware-tolerance", elsewhere, suites)
    with open_baseline(arguments.baseline, arguments.results) as baseline:
        comparisons = [
            _compare(suite, tier, baseline, arguments.results, (tolerance, elsewhere), rule)
            for suite in suites
            for tier in _tiers(suite, arguments.tier, (baseline.folder, arguments.results))
        ]
    summary = gate_markdown(comparisons, baseline.title)
    for path, text in ((arguments.junit, gate_junit(comparisons)), (arguments.markdown, summary)):
        if path is not None:
            _write(path, text)
    if arguments.json:
        json_result(gate_json(comparisons, baseline.title))
    else:
        result(summary)
    return exit_code(comparisons)


def _tolerance(text: str) -> tuple[str, float]:
    metric, separator, value = text.partition("=")
    if not separator or not float(value) >= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not METRIC=VALUE with a value of 0 or more")
    return metric, float(value)


def _check_tolerance(option: str, tolerance: dict[str, float], suites: tuple[Suite, ...]) -> None:
    from harness.errors import RegistryError, nearest

    known = {metric for suite in suites for metric in suite.metrics}
    for metric in tolerance:
        if metric not in known:
            raise RegistryError(f"{option}: no metric of the suites is called '{metric}'{nearest(metric, known)}")


def _tiers(suite: Suite, wanted: Tier | None, folders: tuple[Path, ...]) -> list[Tier]:
    """Return the wanted tier, else every tier that either side has records of, else the default one."""
    from harness.store import find_stores

    if wanted is not None:
        suite.tier(wanted)
        return [wanted]
    stored = {store.tier for folder in folders for store in find_stores(folder) if _is_of(store, suite)}
    return [tier for tier in suite.tiers if tier in stored] or [suite.default_tier]


def _is_of(store: Store, suite: Suite) -> bool:
    return (store.suite, store.version) == (suite.id, suite.version)


def _compare(
    suite: Suite,
    tier: Tier,
    baseline: Baseline,
    results: Path,
    tolerances: tuple[dict[str, float], dict[str, float]],
    rule: TimingRule | None,
) -> Comparison:
    from harness.gate import Comparison, OtherHardware, compare, compare_facts, compare_timings
    from harness.report import metric_facts
    from harness.store import Store

    old, new = (Store(folder, suite.id, suite.version, tier) for folder in (baseline.folder, results))
    notes = []
    if not (old.records() or old.facts()):
        notes += _other_versions(suite, baseline)
    if suite.kind == "data-table":
        rows = compare_facts(old.facts(), new.facts())
        return Comparison(suite.id, suite.version, tier, rows, notes=tuple(notes))
    exact, elsewhere = tolerances
    cells, shifts = compare(
        old.records(),
        new.records(),
        directions={metric: direction for metric, (direction, _) in metric_facts(suite).items()},
        tolerance={**suite.tolerance, **exact},
        elsewhere=OtherHardware(old.environments(), new.environments(), {**suite.hardware_tolerance, **elsewhere}),
    )
    timings = () if rule is None else compare_timings(old.timings(), new.timings(), rule=rule)
    claims = _claims(suite, tier, old, new, has_moved=any(cell.hardware and cell.outcome != "same" for cell in cells))
    notes += _hardware_notes(cells, {**suite.hardware_tolerance, **elsewhere})
    return Comparison(suite.id, suite.version, tier, cells, shifts, timings, claims, tuple(notes))


def _hardware_notes(cells: Sequence[CellComparison], tolerance: dict[str, float]) -> list[str]:
    """Say how many cells were judged less strictly than the others, and how."""
    found = [cell for cell in cells if cell.hardware]
    if not found:
        return []
    near = ", ".join(f"{metric} within {value:g}" for metric, value in tolerance.items())
    judged = f"judged: {near}; no other metric is" if near else "no metric of them is judged"
    differences = "; ".join(dict.fromkeys(cell.hardware for cell in found))
    return [f"{len(found)} cells are of networks on other hardware ({differences}); {judged}"]


def _claims(suite: Suite, tier: Tier, old: Store, new: Store, *, has_moved: bool) -> tuple[ClaimChange, ...]:
    """Compare what either side says of each claim, whatever code made its records.

    `has_moved`: scores differ that other hardware may have moved, so that claims on scores are not judged.
    """
    from harness.claims import SECONDS
    from harness.gate import ClaimChange
    from harness.report import suite_claims

    sides = (suite_claims(suite, tier, None, store.records(), store.timings()) for store in (old, new))
    return tuple(
        ClaimChange(
            claim.id,
            claim.sentence,
            before.outcome,
            after.outcome,
            after.why,
            is_judged=not (has_moved or claim.rule.kind == "fastest" or claim.metric == SECONDS),
        )
        for claim, before, after in zip(suite.claims, *sides, strict=True)
    )


def _other_versions(suite: Suite, baseline: Baseline) -> list[str]:
    from harness.store import find_stores

    versions = sorted({store.version for store in find_stores(baseline.folder) if store.suite == suite.id})
    others = ", ".join(f"v{version}" for version in versions if version != suite.version)
    return [f"the baseline has only {others}, which is not comparable"] if others else []


def _write(path: Path, text: str) -> None:
    from harness.errors import StoreError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror})") from error
    log(f"wrote {path}")
