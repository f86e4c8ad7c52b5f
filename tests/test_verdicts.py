from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from harness.store import Record
from harness.suite import Published
from harness.suite.schema import VerdictRule
from harness.verdicts import (
    ScoreVerdict,
    expected_keys,
    gaps,
    records_by_row,
    score_verdict,
    suite_verdicts,
    values_of,
)
from tests.helpers import temp_project


def record(value: float = 0.5, **keys: Any) -> Record:
    base: dict[str, Any] = {
        "cell": f"{keys.get('row', 'net')}-{keys.get('sample', 's')}-{keys.get('fold', '1')}-{keys.get('repeat', 0)}",
        "suite": "demo", "version": 1, "tier": "paper", "row": "net", "dataset": "d", "sample": "s", "fold": "1",
        "repeat": 0, "seed": 1, "status": "ok", "metrics": {"map.toy": value},
    }  # fmt: skip
    return Record(**{**base, **keys})


FOLDS = [record(value, fold=str(n), sample=f"N{n}") for n, value in enumerate((0.76, 0.78, 0.80), start=1)]


def test_values_are_means_within_a_fold() -> None:
    records = [record(0.2, sample="a"), record(0.4, sample="b"), record(0.8, fold="2")]
    assert values_of(records, "map.toy", "folds") == pytest.approx([0.3, 0.8])


def test_values_over_samples_and_repeats() -> None:
    records = [
        record(v, sample=s, repeat=r) for s, r, v in [("a", 0, 0.1), ("a", 1, 0.3), ("b", 0, 0.5), ("b", 1, 0.7)]
    ]
    assert values_of(records, "map.toy", "samples") == pytest.approx([0.2, 0.6])
    assert values_of(records, "map.toy", "repeats") == pytest.approx([0.3, 0.5])


def test_equal_folds_of_two_datasets_are_two_values() -> None:
    assert len(values_of([record(0.1), record(0.2, dataset="e")], "map.toy", "folds")) == 2


def test_failures_are_left_out_and_nan_stays() -> None:
    records = [record(0.1), record(0.2, fold="2", status="timeout"), record(math.nan, fold="3")]
    found = values_of(records, "map.toy", "folds")
    assert found[0] == 0.1
    assert math.isnan(found[1])


def test_gaps() -> None:
    records = [record(), record(fold="2", status="timeout"), record(fold="3", status="exception")]
    assert gaps(records, None) == "1 failed (exception), 1 failed (timeout)"
    assert gaps(records[:1], ["net-s-1-0", "net-s-2-0"]) == "1 not run"
    assert gaps([], None) == "no records"
    assert gaps(records[:1], None) == ""


def judge(published: Published | None, records: list[Record], **keys: Any) -> ScoreVerdict:
    options: dict[str, Any] = {"tier": "paper", "rule": VerdictRule(), "over": "folds", "ddof": 1, **keys}
    return score_verdict("net", "map.toy", published, records, **options)


PRINTED = Published(mean=78.5, sd=1.0, unit="percent")


def test_reproduced_within_the_printed_spread() -> None:
    found = judge(PRINTED, FOLDS)
    assert found.outcome == "reproduced"
    assert found.reason == "the means differ by 0.005; allowed: 0.01 (1 x printed sd)"
    assert found.summary is not None
    assert found.summary.mean == pytest.approx(0.78)
    assert (found.summary.sd_sample, found.summary.sd_population) == pytest.approx((0.02, 0.0163299), rel=1e-4)
    assert (found.printed_mean, found.printed_sd, found.allowed) == pytest.approx((0.785, 0.01, 0.01))


@pytest.mark.parametrize(
    ("published", "rule", "outcome", "reason"),
    [
        (Published(mean=80.0, sd=1.0, unit="percent"), VerdictRule(), "not reproduced", "1 x printed sd"),
        (Published(mean=80.0, sd=1.0, unit="percent"), VerdictRule(spreads=2.5), "reproduced", "2.5 x printed sd"),
        (Published(mean=0.8, sd=0.01), VerdictRule(tolerance=0.03), "reproduced", "tolerance"),
        (Published(mean=0.79), VerdictRule(), "reproduced", "own sd, none is printed"),
        (Published(mean=0.9), VerdictRule(), "not reproduced", "own sd, none is printed"),
        (Published(mean=0.9, conflict="printed twice"), VerdictRule(), "not reproduced", "; printed twice"),
    ],
)
def test_the_rule_of_the_suite(published: Published, rule: VerdictRule, outcome: str, reason: str) -> None:
    found = judge(published, FOLDS, rule=rule)
    assert found.outcome == outcome
    assert reason in found.reason


def test_one_value_has_no_spread() -> None:
    found = judge(Published(mean=0.76), FOLDS[:1])
    assert (found.outcome, found.allowed) == ("reproduced", 0.0)
    assert "there is no spread" in found.reason


@pytest.mark.parametrize(
    ("published", "records", "keys", "outcome", "reason"),
    [
        (None, FOLDS, {}, "not comparable", "no value is printed"),
        (Published(illegible=True), FOLDS, {}, "not comparable", "the printed value is illegible"),
        (PRINTED, FOLDS, {"tier": "mini"}, "not comparable", "tier 'mini' runs on other data"),
        (PRINTED, [], {}, "missing", "no records"),
        (PRINTED, FOLDS, {"expected": ["x", *(one.cell for one in FOLDS)]}, "missing", "1 not run"),
        (PRINTED, [*FOLDS, record(fold="4", status="killed")], {}, "missing", "1 failed (killed)"),
        (PRINTED, [*FOLDS, record(math.nan, fold="4")], {}, "not comparable", "undefined in 1 of 4 values"),
    ],
)
def test_what_cannot_be_judged(
    published: Published | None, records: list[Record], keys: dict[str, Any], outcome: str, reason: str
) -> None:
    found = judge(published, records, **keys)
    assert found.outcome == outcome
    assert reason in found.reason


def test_verdicts_of_a_suite_use_only_records_of_its_cells(tmp_path: Path) -> None:
    project = temp_project(tmp_path)
    suite = project.suite()
    cells = project.cells(tier="paper")
    records = [
        record(0.785, cell=cell.key, row=cell.row, dataset="volumes", sample=cell.sample, fold=cell.fold.id)
        for cell in cells
        if cell.row == "net"
    ]
    stale = record(0.1, cell="old", row="net", dataset="volumes", sample="N9", fold="9")
    (found,) = suite_verdicts(suite, "paper", [*records, stale], cells)
    assert (found.row, found.metric, found.outcome) == ("net", "map.toy", "reproduced")
    (short,) = suite_verdicts(suite, "paper", records[1:], cells)
    assert (short.outcome, short.reason) == ("missing", "1 not run")
    (unknown,) = suite_verdicts(suite, "paper", records[1:])
    assert unknown.outcome == "reproduced"


def test_expected_keys_and_grouping(tmp_path: Path) -> None:
    cells = temp_project(tmp_path).cells()
    keys = expected_keys(cells)
    assert keys == {"otsu": {cells[0].key}, "net": {cells[1].key}}
    assert expected_keys(None) is None
    grouped = records_by_row([record(), record(cell=cells[1].key)], keys)
    assert [one.cell for one in grouped["net"]] == [cells[1].key]
