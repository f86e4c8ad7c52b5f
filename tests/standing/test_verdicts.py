from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from harness.standing.verdicts import ScoreVerdict, score_verdict, suite_verdicts
from harness.store import Record
from harness.suite import Published, Row, Suite
from harness.suite.schema import VerdictRule
from tests.helpers import Project
from tests.records import cell_of, make_record, record_of, standing_of


def record(value: float = 0.5, **keys: Any) -> Record:
    place = {"row": "net", "dataset": "volumes", "fold": "1", "tier": "paper", **keys}
    return make_record(metrics={"map.toy": value}, **place)


FOLDS = [record(value, fold=str(n), sample=f"N{n}") for n, value in enumerate((0.76, 0.78, 0.80), start=1)]


def judged(
    project: Project,
    published: Published | None,
    records: list[Record],
    *,
    rule: VerdictRule | None = None,
    tier: Any = "paper",
    missing: list[Record] | None = None,
) -> ScoreVerdict:
    """The verdict on a row that prints this; `missing` are records of cells that have none."""
    suite: Suite = project.suite()
    suite = replace(suite, file=suite.file.model_copy(update={"verdict": rule or VerdictRule()}))
    own = suite.row("net")
    printed = {} if published is None else {"map.toy": published}
    row = Row(own.spec.model_copy(update={"published": printed}), own.stages, own.place)
    cells = [cell_of(one) for one in (*records, *(missing or ()))]
    return score_verdict(standing_of(suite, tier, records, cells=cells), row, "map.toy")


PRINTED = Published(mean=78.5, sd=1.0, unit="percent")


def test_reproduced_within_the_printed_spread(project: Project) -> None:
    found = judged(project, PRINTED, FOLDS)
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
def test_the_rule_of_the_suite(
    project: Project, published: Published, rule: VerdictRule, outcome: str, reason: str
) -> None:
    found = judged(project, published, FOLDS, rule=rule)
    assert found.outcome == outcome
    assert reason in found.reason


def test_one_value_has_no_spread(project: Project) -> None:
    found = judged(project, Published(mean=0.76), FOLDS[:1])
    assert (found.outcome, found.allowed) == ("reproduced", 0.0)
    assert "there is no spread" in found.reason


@pytest.mark.parametrize(
    ("published", "records", "keys", "outcome", "reason"),
    [
        (None, FOLDS, {}, "not comparable", "no value is printed"),
        (Published(illegible=True), FOLDS, {}, "not comparable", "the printed value is illegible"),
        (PRINTED, FOLDS, {"tier": "mini"}, "not comparable", "tier 'mini' runs on other data"),
        (PRINTED, [], {}, "missing", "no records"),
        (PRINTED, FOLDS, {"missing": [record(fold="9")]}, "missing", "1 not run"),
        (PRINTED, [*FOLDS, record(fold="4", status="killed")], {}, "missing", "1 failed (killed)"),
        (PRINTED, [*FOLDS, record(math.nan, fold="4")], {}, "not comparable", "undefined in 1 of 4 values"),
    ],
)
def test_what_cannot_be_judged(
    project: Project,
    published: Published | None,
    records: list[Record],
    keys: dict[str, Any],
    outcome: str,
    reason: str,
) -> None:
    found = judged(project, published, records, **keys)
    assert found.outcome == outcome
    assert reason in found.reason


def test_verdicts_of_a_suite_use_only_records_of_its_cells(project: Project) -> None:
    cells = [cell for cell in project.cells(tier="paper") if cell.row == "net"]
    records = [record_of(cell, {"map.toy": 0.785}) for cell in cells]
    stale = replace(records[0], cell="old", metrics={"map.toy": 0.1})
    (found,) = suite_verdicts(project.standing(records, tier="paper"))
    assert (found.row, found.metric, found.outcome) == ("net", "map.toy", "reproduced")
    (short,) = suite_verdicts(project.standing([stale, *records[1:]], tier="paper"))
    assert (short.outcome, short.reason) == ("missing", "1 not run")
    altered = replace(records[0], checksum="of something else")
    (changed,) = suite_verdicts(project.standing([altered, *records[1:]], tier="paper"))
    assert (changed.outcome, changed.reason) == ("missing", "1 altered")
