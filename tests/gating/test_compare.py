"""Every outcome of a cell, the exit codes, and the bootstrap of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from harness.gating import ClaimChange, Comparison, Judge, TimingComparison, compare, exit_code
from harness.store import CellError, Record
from tests.records import MACHINE, make_record

DIRECTIONS = {"map.gonuclear": "higher", "arand.cremi": "lower", "count.pred": "none"}


def _gate(
    before: list[Record], after: list[Record], tolerance: Mapping[str, float] | None = None, **timing: TimingComparison
) -> Comparison:
    cells, shifts = compare(before, after, Judge(DIRECTIONS, tolerance or {}))
    return Comparison("toy", 1, "smoke", cells, shifts, tuple(timing.values()))


def _scored(value: float, metric: str = "map.gonuclear") -> Record:
    return make_record(metrics={metric: value})


@pytest.mark.parametrize(
    ("metric", "before", "after", "outcome", "code"),
    [
        ("map.gonuclear", 0.5, 0.5, "same", 0),
        ("map.gonuclear", 0.5, 0.5 - 1e-12, "worse", 1),
        ("map.gonuclear", 0.5, 0.6, "improved", 0),
        ("arand.cremi", 0.5, 0.4, "improved", 0),
        ("arand.cremi", 0.5, 0.6, "worse", 1),
        ("map.gonuclear", math.nan, math.nan, "same", 0),
        ("map.gonuclear", 0.5, math.nan, "worse", 1),
        ("map.gonuclear", math.nan, 0.5, "improved", 0),
        ("unknown.metric", 0.5, 0.6, "worse", 1),
        ("count.pred", 50.0, 60.0, "changed", 0),
    ],
)
def test_scores_are_compared_exactly_and_by_direction(
    metric: str, before: float, after: float, outcome: str, code: int
) -> None:
    comparison = _gate([_scored(before, metric)], [_scored(after, metric)])
    assert comparison.counts == {outcome: 1}
    assert comparison.exit_code == code


def test_a_tolerance_holds_for_its_metric_only() -> None:
    before = make_record(metrics={"map.gonuclear": 0.5, "arand.cremi": 0.2})
    inside = make_record(metrics={"map.gonuclear": 0.49, "arand.cremi": 0.2})
    outside = make_record(metrics={"map.gonuclear": 0.49, "arand.cremi": 0.21})
    tolerance = {"map.gonuclear": 0.02}
    assert _gate([before], [inside], tolerance).counts == {"same": 1}
    worse = _gate([before], [outside], tolerance)
    assert worse.counts == {"worse": 1}
    assert worse.cells[0].detail == "arand.cremi 0.2 -> 0.21 (worse)"


def test_one_worse_metric_outweighs_an_improved_one() -> None:
    before = make_record(metrics={"map.gonuclear": 0.5, "arand.cremi": 0.2})
    after = make_record(metrics={"map.gonuclear": 0.6, "arand.cremi": 0.3})
    comparison = _gate([before], [after])
    assert comparison.counts == {"worse": 1}
    assert "improved" in comparison.cells[0].detail


def test_a_metric_that_vanished_is_worse() -> None:
    comparison = _gate([_scored(0.5)], [make_record(metrics={"arand.cremi": 0.1})])
    assert comparison.counts == {"worse": 1}


def test_failures_have_their_own_outcomes() -> None:
    ok, crashed = _scored(0.5), make_record(status="exception", error=CellError("ValueError", "no objects", "otsu"))
    broken = _gate([ok], [crashed])
    assert (broken.counts, broken.exit_code) == ({"new failure": 1}, 1)
    assert broken.cells[0].detail == "exception: no objects"
    fixed = _gate([crashed], [ok])
    assert (fixed.counts, fixed.exit_code) == ({"fixed failure": 1}, 0)
    still = _gate([crashed], [crashed])
    assert (still.counts, still.exit_code) == ({"same failure": 1}, 0)


def test_a_cell_whose_backend_is_absent_was_not_run() -> None:
    comparison = _gate([_scored(0.5)], [make_record(status="backend-missing")])
    assert (comparison.counts, comparison.exit_code) == ({"missing cell": 1}, 3)


def test_missing_and_new_cells() -> None:
    a, b = make_record(sample="a", metrics={"map.gonuclear": 0.5}), make_record(sample="b")
    missing = _gate([a, b], [a])
    assert (missing.counts, missing.exit_code) == ({"missing cell": 1, "same": 1}, 3)
    new = _gate([a], [a, b])
    assert (new.counts, new.exit_code) == ({"new cell": 1, "same": 1}, 0)


def test_no_baseline() -> None:
    comparison = _gate([], [_scored(0.5)])
    assert (comparison.counts, comparison.exit_code) == ({"missing baseline": 1}, 4)
    assert _gate([], []).exit_code == 4


def test_folds_repeats_and_datasets_are_kept_apart() -> None:
    records = [
        make_record(metrics={"map.gonuclear": value}, dataset=dataset, fold=fold, repeat=repeat)
        for value, (dataset, fold, repeat) in enumerate([("x", "1", 0), ("x", "2", 0), ("x", "1", 1), ("y", "1", 0)])
    ]
    assert _gate(records, list(reversed(records))).counts == {"same": 4}


def test_changed_inputs_are_compared_and_said() -> None:
    before, after = make_record(cell="1", metrics={"m": 1.0}), make_record(cell="2", metrics={"m": 1.0})
    comparison = _gate([before], [after])
    assert comparison.counts == {"same": 1}
    assert comparison.cells[0].inputs_changed


def test_one_exit_code_for_several_suites() -> None:
    ok = _gate([_scored(0.5)], [_scored(0.5)])
    worse = _gate([_scored(0.5)], [_scored(0.4)])
    incomplete = _gate([_scored(0.5)], [])
    unknown = _gate([], [_scored(0.5)])
    assert exit_code([ok, ok]) == 0
    assert exit_code([ok, incomplete]) == 3
    assert exit_code([incomplete, unknown]) == 4
    assert exit_code([unknown, incomplete, worse]) == 1
    assert exit_code([]) == 4


def test_a_slower_row_is_a_regression() -> None:
    slower = TimingComparison("otsu", "", MACHINE, "Wilcoxon signed-rank", 6, 1.0, 2.0, 0.01, "slower")
    assert _gate([_scored(0.5)], [_scored(0.5)], slower=slower).exit_code == 1


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ("holds", "does not hold", "broken"),
        ("does not hold", "holds", "restored"),
        ("holds", "open", "opened"),
        ("open", "does not hold", "settled"),
        ("open", "open", "same"),
    ],
)
def test_claims_change(before: Any, after: Any, outcome: str) -> None:
    assert ClaimChange("c", "", before, after, "").outcome == outcome


def test_a_broken_claim_is_a_regression_unless_it_is_about_time() -> None:
    cells, _ = compare([_scored(0.5)], [_scored(0.5)], Judge(DIRECTIONS))
    broken = ClaimChange("best", "", "holds", "does not hold", "")
    opened = ClaimChange("worst", "", "holds", "open", "n = 2")
    timed = ClaimChange("fastest", "", "holds", "does not hold", "", is_judged=False)
    assert Comparison("toy", 1, "smoke", cells, claims=(broken,)).exit_code == 1
    assert Comparison("toy", 1, "smoke", cells, claims=(timed, opened)).exit_code == 0


def _samples(shift: float, count: int = 8, repeats: int = 1) -> list[Record]:
    return [
        make_record(sample=str(n), repeat=repeat, metrics={"map.gonuclear": 0.5 + 0.01 * n + shift * (1 + 0.1 * n)})
        for n in range(count)
        for repeat in range(repeats)
    ]


def test_drift_inside_the_tolerance_is_reported_with_its_interval() -> None:
    comparison = _gate(_samples(0), _samples(-0.005), {"map.gonuclear": 0.02})
    assert comparison.exit_code == 0
    (shift,) = comparison.shifts
    assert (shift.row, shift.metric, shift.outcome, shift.interval.n) == ("otsu", "map.gonuclear", "worse", 8)
    assert shift.interval.low < shift.interval.mean < shift.interval.high < 0


def test_repeats_of_a_sample_are_one_pair_and_few_samples_are_not_bootstrapped() -> None:
    assert _gate(_samples(0, repeats=3), _samples(0.005, repeats=3)).shifts[0].interval.n == 8
    assert _gate(_samples(0, 7, 3), _samples(0.005, 7, 3)).shifts == ()
    assert _gate(_samples(0), _samples(0)).shifts == ()
