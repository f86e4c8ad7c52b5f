"""Networks on other hardware than the baseline's: nearly the same is the same, and nothing else is excused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.gating import CellComparison, Judge, OtherHardware, compare
from harness.store import CellError, Record, StageRecord
from tests.records import make_record

DIRECTIONS = {"map.gonuclear": "higher", "arand.cremi": "lower", "count.pred": "none"}
HERE = {"cpu": "A", "gpus": [], "threads": 2, "packages": {"torch": "1"}}
FITTED = StageRecord("unet", 1, {}, model="m")
WEIGHTED = StageRecord("unet", 1, {}, weights={"weights": "w"})
CLASSICAL = StageRecord("otsu-components", 1, {})


def _record(value: float, stage: StageRecord = FITTED, environment: str = "here", **metrics: float) -> Record:
    record = make_record(metrics={"map.gonuclear": value, **metrics})
    return replace(record, stages=(stage,), environment=environment)


def _compared(
    before: Record, after: Record, there: Mapping[str, Any], tolerance: Mapping[str, float]
) -> CellComparison:
    elsewhere = OtherHardware({"here": HERE}, {"here": HERE, "there": there}, tolerance)
    cells, _ = compare([before], [after], Judge(DIRECTIONS, elsewhere=elsewhere))
    return cells[0]


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({**HERE, "cpu": "B"}, "cpu A -> B"),
        ({**HERE, "gpus": ["G", "G"]}, "gpus none -> G, G"),
        ({**HERE, "threads": 4, "cpu": "B"}, "cpu A -> B, threads 2 -> 4"),
    ],
)
@pytest.mark.parametrize("stage", [FITTED, WEIGHTED])
def test_a_network_on_other_hardware_may_differ_a_little(there: dict[str, Any], said: str, stage: StageRecord) -> None:
    cell = _compared(_record(0.5, stage), _record(0.42, stage, "there"), there, {"map.gonuclear": 0.1})
    assert (cell.outcome, cell.hardware) == ("same", said)
    beyond = _compared(_record(0.5, stage), _record(0.3, stage, "there"), there, {"map.gonuclear": 0.1})
    assert (beyond.outcome, beyond.hardware) == ("worse", said)


def test_metrics_without_a_tolerance_are_not_judged_there() -> None:
    there = {**HERE, "cpu": "B"}
    before = _record(0.5, FITTED, **{"arand.cremi": 0.2, "count.pred": 5.0})
    after = _record(0.5, FITTED, "there", **{"arand.cremi": 0.9, "count.pred": 9.0})
    cell = _compared(before, after, there, {"map.gonuclear": 0.1})
    assert cell.outcome == "not judged"
    assert cell.detail == "arand.cremi 0.2 -> 0.9 (not judged); count.pred 5 -> 9 (not judged)"
    named = _compared(before, after, there, {"arand.cremi": 0.1})
    assert named.outcome == "worse"
    assert _compared(before, before, there, {}).outcome == "same"


def test_an_undefined_score_is_worse_only_where_it_is_judged() -> None:
    there = {**HERE, "cpu": "B"}
    after = _record(math.nan, FITTED, "there")
    assert _compared(_record(0.5), after, there, {"map.gonuclear": 0.1}).outcome == "worse"
    assert _compared(_record(0.5), after, there, {}).outcome == "not judged"


@pytest.mark.parametrize(
    "there",
    [HERE, {**HERE, "packages": {"torch": "2"}}, {**HERE, "memory_gib": 64}],
    ids=["same", "packages", "memory"],
)
def test_the_same_hardware_must_agree_exactly(there: dict[str, Any]) -> None:
    cell = _compared(_record(0.5), _record(0.5 - 1e-9, FITTED, "there"), there, {"map.gonuclear": 0.1})
    assert (cell.outcome, cell.hardware) == ("worse", "")


def test_cells_without_a_network_must_agree_exactly_everywhere() -> None:
    there = {**HERE, "cpu": "B"}
    cell = _compared(_record(0.5, CLASSICAL), _record(0.49, CLASSICAL, "there"), there, {"map.gonuclear": 0.1})
    assert (cell.outcome, cell.hardware) == ("worse", "")


def test_an_unknown_environment_excuses_nothing() -> None:
    cell = _compared(_record(0.5), _record(0.49, FITTED, "lost"), {**HERE, "cpu": "B"}, {"map.gonuclear": 0.1})
    assert (cell.outcome, cell.hardware) == ("worse", "")


def test_a_failure_is_a_failure_on_any_hardware() -> None:
    crashed = replace(_record(0.5, FITTED, "there"), status="exception", error=CellError("ValueError", "no"))
    assert _compared(_record(0.5), crashed, {**HERE, "cpu": "B"}, {}).outcome == "new failure"
