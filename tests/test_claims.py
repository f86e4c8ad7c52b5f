from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims import ClaimVerdict, check_claims
from harness.store import Record, StageTiming, Timing
from harness.suite import Suite
from tests.helpers import Project, temp_project

ROWS = ("a", "b", "c")
DIRECTIONS: Any = {"map.toy": "higher", "arand.toy": "lower"}


def suite_text(rule: str, more: str = "", name: str = "demo") -> str:
    rows = "".join(
        f'[[rows]]\nid = "{row}"\nstages = [{{ id = "blur" }}, {{ id = "cut" }}]\n'
        f'published = {{ "map.toy" = {{ mean = {70 + n}, sd = 1.5, unit = "percent" }} }}\n'
        for n, row in enumerate(ROWS)
    )
    return (
        f'schema = 1\nid = "{name}"\nversion = 1\ntitle = "T"\nmetrics = ["map.toy", "arand.toy"]\n'
        f'spread_over = "samples"\ntiers.smoke.data = [{{ dataset = "flat" }}]\n{rows}'
        f'[[claims]]\nid = "c"\nsentence = "It is so."\nwhere = "table 1"\nrule = {rule}\n{more}\n'
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return temp_project(tmp_path)


def record(row: str, value: float, sample: str = "a", **keys: Any) -> Record:
    base: dict[str, Any] = {
        "cell": f"{row}-{sample}", "suite": "demo", "version": 1, "tier": "smoke", "row": row, "dataset": "flat",
        "sample": sample, "fold": "", "repeat": 0, "seed": 1, "status": "ok",
        "metrics": {"map.toy": value, "arand.toy": 1 - value},
    }  # fmt: skip
    return Record(**{**base, **keys})


def records(a: float, b: float, c: float) -> list[Record]:
    """Two samples a row, 0.1 above and below the mean."""
    means = zip(ROWS, (a, b, c), strict=True)
    return [record(row, mean + shift, s) for row, mean in means for s, shift in (("a", -0.1), ("b", 0.1))]


def timing(row: str, cut_s: float | None, sample: str = "a", machine: str = "m1") -> Timing:
    stages = (StageTiming("blur", first_s=1.0), StageTiming("cut", first_s=cut_s))
    return Timing(
        f"{row}-{sample}", row, "flat", sample, "", 0, machine, "env", "cpu", 2, stages=stages, total_s=9.0
    )  # fmt: skip


def decide(project: Project, rule: str, found: list[Record], timings: Any = (), *, more: str = "") -> ClaimVerdict:
    suite = project.suite(suite_text(rule, more))
    (verdict,) = check_claims(suite, "smoke", found, timings, directions=DIRECTIONS)
    return verdict


@pytest.mark.parametrize(
    ("rule", "means", "holds"),
    [
        ('{ kind = "ranks above", better = ["a"], worse = ["b", "c"] }', (0.6, 0.5, 0.4), True),
        ('{ kind = "ranks above", better = ["a"], worse = ["b", "c"] }', (0.6, 0.5, 0.7), False),
        ('{ kind = "ranks above", better = ["a"], worse = ["b"] }', (0.5, 0.5, 0.5), False),
        ('{ kind = "ranks above", better = ["a", "b"], worse = ["b", "c"], pairwise = true }', (0.6, 0.5, 0.4), True),
        ('{ kind = "ranks above", better = ["a", "c"], worse = ["b", "a"], pairwise = true }', (0.6, 0.5, 0.4), False),
        ('{ kind = "best", row = "a" }', (0.6, 0.5, 0.4), True),
        ('{ kind = "best", row = "a" }', (0.6, 0.6, 0.4), False),
        ('{ kind = "best", row = "b", among = ["c"] }', (0.6, 0.5, 0.4), True),
        ('{ kind = "worst", row = "c" }', (0.6, 0.5, 0.4), True),
        ('{ kind = "worst", row = "c" }', (0.6, 0.3, 0.4), False),
        ('{ kind = "monotone", rows = ["c", "b", "a"], direction = "increasing" }', (0.6, 0.5, 0.4), True),
        ('{ kind = "monotone", rows = ["a", "b", "c"], direction = "decreasing" }', (0.6, 0.5, 0.5), False),
        (
            '{ kind = "monotone", rows = ["a", "b", "c"], direction = "decreasing", strict = false }',
            (0.6, 0.5, 0.5),
            True,
        ),
        ('{ kind = "smaller effect", pairs = [["a", "b"]], than = [["c", "a"]] }', (0.6, 0.5, 0.4), True),
        ('{ kind = "smaller effect", pairs = [["a", "b"]], than = [["c", "b"]] }', (0.6, 0.5, 0.3), True),
        ('{ kind = "smaller effect", pairs = [["a", "b"], ["a", "c"]], than = [["a", "b"]] }', (0.6, 0.5, 0.3), False),
        ('{ kind = "within", rows = ["b"], of = "a", factor = 1.3 }', (0.6, 0.5, 0.4), True),
        ('{ kind = "within", rows = ["b"], of = "a", factor = 1.1 }', (0.6, 0.5, 0.4), False),
        ('{ kind = "within", rows = ["b", "c"], of = "a", difference = 0.15 }', (0.6, 0.5, 0.4), False),
        ('{ kind = "within", rows = ["b", "c"], of = "a", difference = 0.25 }', (0.6, 0.5, 0.4), True),
        ('{ kind = "within", rows = ["b"], of = "a", spreads = 1 }', (0.6, 0.5, 0.4), True),
        ('{ kind = "within", rows = ["c"], of = "a", spreads = 1 }', (0.6, 0.5, 0.4), False),
    ],
)
def test_rules_over_scores(project: Project, rule: str, means: tuple[float, float, float], holds: bool) -> None:
    found = decide(project, rule, records(*means))
    assert found.holds is holds
    assert (found.why == "") is holds


def test_a_verdict_says_what_it_stands_on(project: Project) -> None:
    found = decide(project, '{ kind = "best", row = "b" }', records(0.6, 0.5, 0.4))
    assert (found.claim, found.sentence, found.where, found.tier) == ("c", "It is so.", "table 1", "smoke")
    assert [name for name, _ in found.numbers] == ["b", "a", "c"]
    assert [value for _, value in found.numbers] == pytest.approx([0.5, 0.6, 0.4])
    assert found.why == "'b' (0.5) is not better than 'a' (0.6)"
    assert found.data == "flat (2 samples)"


@pytest.mark.parametrize(
    ("means", "holds", "agreement"),
    [
        ((0.6, 0.5, 0.4), True, "in 2 of 2 comparisons of single samples"),
        ((0.5, 0.5, 0.4), True, "in 2 of 2 comparisons of single samples"),
        ((0.4, 0.5, 0.4), False, "in 0 of 2 comparisons of single samples"),
    ],
)
def test_no_worse_admits_ties(project: Project, means: tuple[float, float, float], holds: bool, agreement: str) -> None:
    rule = '{ kind = "ranks above", better = ["a"], worse = ["b"], ties = true }'
    found = decide(project, rule, records(*means))
    assert (found.holds, found.agreement) == (holds, agreement)
    assert found.why == ("" if holds else "'a' (0.4) is worse than 'b' (0.5)")


def test_a_ranking_of_means_says_in_how_many_samples_it_shows(project: Project) -> None:
    mixed = [record("a", 0.9, "a"), record("a", 0.3, "b"), record("b", 0.5, "a"), record("b", 0.4, "b")]
    mixed += [record("c", 0.1, "a"), record("c", 0.2, "b"), record("c", 0.9, "not shared")]
    found = decide(project, '{ kind = "best", row = "a" }', mixed)
    assert found.holds
    assert found.agreement == "in 3 of 4 comparisons of single samples"
    worst = decide(project, '{ kind = "worst", row = "b", among = ["a"] }', mixed)
    assert (worst.holds, worst.agreement) == (True, "in 1 of 2 comparisons of single samples")
    assert decide(project, '{ kind = "within", rows = ["b"], of = "a", spreads = 9 }', mixed).agreement == ""


@pytest.mark.parametrize(
    "rule",
    ['{ kind = "best", row = "a" }', '{ kind = "within", rows = ["b"], of = "a", spreads = 1 }'],
)
def test_rows_that_found_nothing_say_nothing(project: Project, rule: str) -> None:
    nothing = [record(row, 0.0, sample) for row in ROWS for sample in "ab"]
    found = decide(project, rule, nothing)
    assert (found.holds, found.why) == (None, "every row scores 0: there is nothing to compare")
    low = decide(project, rule, [record(row, 1.0, s) for row in ROWS for s in "ab"], more='metric = "arand.toy"')
    assert low.holds is not None, "an error of 0 is a perfect score"


def test_lower_is_better_where_the_metric_says_so(project: Project) -> None:
    rule = '{ kind = "best", row = "a" }'
    assert decide(project, rule, records(0.6, 0.5, 0.4), more='metric = "arand.toy"').holds
    flipped = {"arand.toy": "higher", "map.toy": "higher"}
    suite = project.suite(suite_text(rule, 'metric = "arand.toy"'))
    (found,) = check_claims(suite, "smoke", records(0.6, 0.5, 0.4), directions=flipped)  # type: ignore[arg-type]
    assert found.holds is False


ANY = '{ kind = "best", row = "a" }'


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (records(0.6, 0.5, 0.4)[:4], "row 'c': no records"),
        ([*records(0.6, 0.5, 0.4)[:5], record("c", 0.1, "b", status="timeout")], "row 'c': 1 failed (timeout)"),
        ([*records(0.6, 0.5, 0.4)[:5], record("c", math.nan, "b")], "row 'c': the metric is undefined in 1 values"),
    ],
)
def test_what_cannot_be_decided_says_why(project: Project, found: list[Record], why: str) -> None:
    verdict = decide(project, ANY, found)
    assert (verdict.holds, verdict.why) == (None, why)


def test_cells_that_were_never_run_leave_a_claim_open(project: Project) -> None:
    suite = project.suite(suite_text(ANY))
    cells = project.cells(suite_text(ANY))
    found = [record(cell.row, 0.5, cell.sample, cell=cell.key) for cell in cells]
    (whole,) = check_claims(suite, "smoke", found, directions=DIRECTIONS, cells=cells)
    (short,) = check_claims(suite, "smoke", found[:-1], directions=DIRECTIONS, cells=cells)
    (stale,) = check_claims(suite, "smoke", records(0.6, 0.5, 0.4), directions=DIRECTIONS, cells=cells)
    assert whole.holds is False
    assert (short.holds, short.why) == (None, "row 'c': 1 not run")
    assert (stale.holds, stale.why) == (None, "row 'a': 2 not run")


def test_a_claim_can_be_about_one_dataset(project: Project) -> None:
    other = [record(row, 0.9, "z", dataset="volumes") for row in ("b", "c")]
    found = decide(project, ANY, [*records(0.6, 0.5, 0.4), *other], more='dataset = "flat"')
    assert found.holds
    assert found.data == "flat (2 samples)"


def test_a_claim_of_other_tiers_is_left_open(project: Project) -> None:
    text = suite_text(ANY, 'tiers = ["paper"]').replace("tiers.smoke", "tiers.paper.data = []\ntiers.smoke")
    (found,) = check_claims(project.suite(text), "smoke", records(0.6, 0.5, 0.4), directions=DIRECTIONS)
    assert (found.holds, found.why) == (None, "checked on paper only")


def test_one_value_has_no_spread(project: Project) -> None:
    rule = '{ kind = "within", rows = ["b"], of = "a", spreads = 1 }'
    found = decide(project, rule, [record("a", 0.5), record("b", 0.5)])
    assert (found.holds, found.why) == (None, "row 'a' has one value and so no spread")


def test_factors_around_zero(project: Project) -> None:
    rule = '{ kind = "within", rows = ["b"], of = "a", factor = 2 }'
    assert decide(project, rule, [record("a", 0.0), record("b", 0.0)]).holds is None
    assert decide(project, rule, [record("a", 0.0), record("b", 0.1)]).holds is False


FASTEST = '{ kind = "fastest", row = "a", stage = "cut" }'
TIMES = [timing("a", 1.0), timing("b", 2.0), timing("c", 3.0)]


def test_fastest_stage(project: Project) -> None:
    found = decide(project, FASTEST, [], TIMES)
    assert found.holds
    assert found.numbers == (("a on m1, cpu, 2 threads", 1.0), ("b on m1, cpu, 2 threads", 2.0),
                             ("c on m1, cpu, 2 threads", 3.0))  # fmt: skip
    assert decide(project, FASTEST, [], [*TIMES[1:], timing("a", 2.5)]).holds is False


def test_fastest_chain_counts_every_stage(project: Project) -> None:
    found = decide(project, '{ kind = "fastest", row = "a", among = ["b"] }', [], TIMES)
    assert [value for _, value in found.numbers] == [2.0, 3.0]


def test_times_are_compared_on_one_machine_and_must_hold_on_each(project: Project) -> None:
    elsewhere = [timing("a", 9.0, machine="m2"), timing("b", 2.0, machine="m2")]
    assert decide(project, FASTEST, [], [*TIMES, *elsewhere]).holds
    found = decide(project, FASTEST, [], [*TIMES, *elsewhere, timing("c", 3.0, machine="m2")])
    assert found.holds is False
    assert found.why == (
        "'a' (9) is not better than 'b' (2) on m2, cpu, 2 threads; "
        "'a' (9) is not better than 'c' (3) on m2, cpu, 2 threads"
    )


def test_times_are_compared_on_common_samples(project: Project) -> None:
    assert decide(project, FASTEST, [], [*TIMES, timing("a", 99.0, "b")]).holds


@pytest.mark.parametrize("times", [[], TIMES[:2], [*TIMES[:2], timing("c", None)], [*TIMES[:2], timing("c", 3.0, "b")]])
def test_times_that_cannot_be_compared(project: Project, times: list[Timing]) -> None:
    found = decide(project, FASTEST, [], times)
    assert (found.holds, found.why) == (None, "no machine has timed every row on a common sample")


def test_other_rules_can_be_about_seconds(project: Project) -> None:
    rule = '{ kind = "within", rows = ["b"], of = "a", factor = 1.5 }'
    assert decide(project, rule, [], TIMES, more='metric = "seconds"').holds
    rule = '{ kind = "ranks above", better = ["a"], worse = ["b"] }'
    assert decide(project, rule, [], TIMES, more='metric = "seconds"').holds


def other_suite(project: Project, text: str) -> Suite:
    return project.suite(text, "other")


def test_equal_published(project: Project) -> None:
    suite = project.suite(suite_text('{ kind = "equal published", entries = ["a", "other/b"] }'))
    same = other_suite(project, suite_text(ANY, name="other").replace("mean = 71", "mean = 70"))
    different = other_suite(project, suite_text(ANY, name="other"))
    (found,) = check_claims(suite, "smoke", [], directions=DIRECTIONS, suites={"other": same})
    assert (found.holds, found.data) == (True, "printed values")
    (found,) = check_claims(suite, "smoke", [], directions=DIRECTIONS, suites={"other": different})
    assert (found.holds, found.why) == (False, "the printed mean differs")
    assert dict(found.numbers)["other/b mean"] == pytest.approx(0.71)
    (found,) = check_claims(suite, "smoke", [], directions=DIRECTIONS)
    assert (found.holds, found.why) == (None, "suite 'other' is not at hand")


def test_equal_published_needs_printed_values(project: Project) -> None:
    text = suite_text('{ kind = "equal published", entries = ["a", "b"], values = ["sd"] }')
    (found,) = check_claims(project.suite(text), "smoke", [], directions=DIRECTIONS)
    assert found.holds
    text = text.replace("mean = 71, sd = 1.5", "mean = 71")
    (found,) = check_claims(project.suite(text), "smoke", [], directions=DIRECTIONS)
    assert (found.holds, found.why) == (None, "b: no sd is printed for map.toy")


MEANS = st.floats(0.1, 0.9).map(lambda value: round(value, 3))


@given(MEANS, MEANS, MEANS)
def test_at_most_one_row_is_the_best(tmp_path_factory: pytest.TempPathFactory, a: float, b: float, c: float) -> None:
    project = temp_project(tmp_path_factory.mktemp("project"))
    claims = "".join(
        f'[[claims]]\nid = "{kind}-{row}"\nsentence = ""\nrule = {{ kind = "{kind}", row = "{row}" }}\n'
        for kind in ("best", "worst")
        for row in ROWS
    )
    suite = project.suite(suite_text(ANY, claims))
    found = [record(row, mean) for row, mean in zip(ROWS, (a, b, c), strict=True)]
    verdicts = {one.claim: one.holds for one in check_claims(suite, "smoke", found, directions=DIRECTIONS)}
    for kind, chosen in (("best", max), ("worst", min)):
        winners = [row for row in ROWS if verdicts[f"{kind}-{row}"]]
        top = chosen((a, b, c))
        assert winners == ([ROWS[(a, b, c).index(top)]] if (a, b, c).count(top) == 1 else [])
