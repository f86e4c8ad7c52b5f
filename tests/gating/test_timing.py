"""Durations are tested on one machine, over computed stages, and only with enough repeats."""

from __future__ import annotations

import pytest

from harness.gating import TimingRule, compare_timings
from harness.store import Timing
from tests.records import MACHINE, make_timing

RULE = TimingRule()


def _row(scale: float, count: int = 6, row: str = "otsu") -> list[Timing]:
    return [make_timing(row, str(n), first_s=scale * (1 + 0.1 * n)) for n in range(count)]


@pytest.mark.parametrize(("scale", "outcome"), [(2.0, "slower"), (1.1, "same"), (1.0, "same"), (0.5, "faster")])
def test_cells_of_a_row_are_paired(scale: float, outcome: str) -> None:
    (found,) = compare_timings(_row(1.0), _row(scale), rule=RULE)
    assert (found.row, found.cell, found.machine, found.n) == ("otsu", "", MACHINE, 6)
    assert found.test == "Wilcoxon signed-rank"
    assert found.ratio == pytest.approx(scale)
    assert found.outcome == outcome


def test_one_cell_is_tested_over_its_steady_calls() -> None:
    before = [make_timing(steady_s=[1.0, 1.1, 1.2, 1.3, 1.4])]
    after = [make_timing(steady_s=[2.0, 2.1, 2.2, 2.3, 2.4])]
    (found,) = compare_timings(before, after, rule=RULE)
    assert (found.cell, found.test, found.n, found.outcome) == ("blobs/a", "Mann-Whitney", 5, "slower")
    assert found.p == pytest.approx(1 / 252)


def test_too_few_repeats_are_untested_however_slow() -> None:
    (found,) = compare_timings([make_timing(first_s=1.0)], [make_timing(first_s=50.0)], rule=RULE)
    assert (found.outcome, found.ratio) == ("untested", 50.0)


def test_the_threshold_is_the_callers() -> None:
    (found,) = compare_timings(_row(1.0), _row(1.2), rule=TimingRule(ratio=1.1))
    assert found.outcome == "slower"


def test_a_few_milliseconds_are_no_change() -> None:
    (found,) = compare_timings(_row(0.001), _row(0.003), rule=RULE)
    assert (found.outcome, found.ratio) == ("same", pytest.approx(3.0))


def test_many_rows_are_corrected() -> None:
    before = [timing for n in range(5) for timing in _row(1.0, row=f"r{n}")]
    after = [timing for n in range(5) for timing in _row(2.0 if n == 0 else 1.0, row=f"r{n}")]
    outcomes = {found.row: found.outcome for found in compare_timings(before, after, rule=RULE)}
    assert outcomes == dict.fromkeys(outcomes, "same")


def test_other_machines_and_cached_stages_are_not_compared() -> None:
    assert compare_timings(_row(1.0), [make_timing(machine="other")], rule=RULE) == ()
    assert compare_timings([make_timing(cached=True)], [make_timing()], rule=RULE) == ()
    assert compare_timings([make_timing(first_s=None)], [make_timing()], rule=RULE) == ()


def test_a_first_call_is_never_compared_with_steady_ones() -> None:
    before, after = make_timing(first_s=5.0), make_timing(first_s=5.0, steady_s=[1.0] * 5)
    (found,) = compare_timings([before], [after], rule=RULE)
    assert found.ratio == 1.0
