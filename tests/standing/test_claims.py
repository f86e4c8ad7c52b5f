from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.standing.claims import ClaimVerdict, check_claims, seconds_of
from harness.store import Record, StageTiming, Timing
from harness.suite import Suite
from tests.helpers import Project, temp_project
from tests.records import standing_of

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


def record(row: str, value: float, sample: str = "a", **keys: Any) -> Record:
    base: dict[str, Any] = {
        "cell": f"{row}-{sample}", "suite": "demo", "version": 1, "tier": "smoke", "row": row, "dataset": "flat",
        "sample": sample, "fold": "", "repeat": 0, "seed": 1, "status": "ok",
        "metrics": {"map.toy": value, "arand.toy": 1 - value},
    }  # fmt: skip
    return Record(**{**base, **keys})


def records(a: float, b: float, c: float) -> list[Record]:
    """Four samples a row, 0.1 above and below the mean."""
    means = zip(ROWS, (a, b, c), strict=True)
    return [record(row, mean + 0.1 * (-1) ** n, s) for row, mean in means for n, s in enumerate("abcd")]


def timing(row: str, cut_s: float | None, sample: str = "a", machine: str = "m1") -> Timing:
    stages = (StageTiming("blur", first_s=1.0), StageTiming("cut", first_s=cut_s))
    return Timing(
        f"{row}-{sample}", row, "flat", sample, "", 0, machine, "env", "cpu", 2, stages=stages, total_s=9.0
    )  # fmt: skip


def decide(project: Project, rule: str, found: list[Record], timings: Any = (), *, more: str = "") -> ClaimVerdict:
    suite = project.suite(suite_text(rule, more))
    (verdict,) = check_claims(standing_of(suite, "smoke", found, timings, directions=DIRECTIONS))
    return verdict


@pytest.mark.parametrize(
    ("rule", "means", "outcome"),
    [
        ('{ kind = "ranks above", better = ["a"], worse = ["b", "c"] }', (0.6, 0.5, 0.4), "holds"),
        ('{ kind = "ranks above", better = ["a"], worse = ["b", "c"] }', (0.6, 0.5, 0.7), "does not hold"),
        ('{ kind = "ranks above", better = ["a"], worse = ["b"] }', (0.5, 0.5, 0.5), "does not hold"),
        (
            '{ kind = "ranks above", better = ["a", "b"], worse = ["b", "c"], pairwise = true }',
            (0.6, 0.5, 0.4),
            "holds",
        ),
        (
            '{ kind = "ranks above", better = ["a", "c"], worse = ["b", "a"], pairwise = true }',
            (0.6, 0.5, 0.4),
            "does not hold",
        ),
        ('{ kind = "best", row = "a" }', (0.6, 0.5, 0.4), "holds"),
        ('{ kind = "best", row = "a" }', (0.6, 0.6, 0.4), "does not hold"),
        ('{ kind = "best", row = "b", among = ["c"] }', (0.6, 0.5, 0.4), "holds"),
        ('{ kind = "worst", row = "c" }', (0.6, 0.5, 0.4), "holds"),
        ('{ kind = "worst", row = "c" }', (0.6, 0.3, 0.4), "does not hold"),
        ('{ kind = "monotone", rows = ["c", "b", "a"], direction = "increasing" }', (0.6, 0.5, 0.4), "holds"),
        ('{ kind = "monotone", rows = ["a", "b", "c"], direction = "decreasing" }', (0.6, 0.5, 0.5), "does not hold"),
        (
            '{ kind = "monotone", rows = ["a", "b", "c"], direction = "decreasing", strict = false }',
            (0.6, 0.5, 0.5),
            "holds",
        ),
        ('{ kind = "smaller effect", pairs = [["a", "b"]], than = [["c", "a"]] }', (0.6, 0.5, 0.4), "holds"),
        ('{ kind = "smaller effect", pairs = [["a", "b"]], than = [["c", "b"]] }', (0.6, 0.5, 0.3), "holds"),
        (
            '{ kind = "smaller effect", pairs = [["a", "b"], ["a", "c"]], than = [["a", "b"]] }',
            (0.6, 0.5, 0.3),
            "does not hold",
        ),
        ('{ kind = "within", rows = ["b"], of = "a", factor = 1.4 }', (0.6, 0.5, 0.4), "holds"),
        ('{ kind = "within", rows = ["b"], of = "a", factor = 1.1 }', (0.6, 0.5, 0.4), "does not hold"),
        ('{ kind = "within", rows = ["b", "c"], of = "a", difference = 0.15 }', (0.6, 0.5, 0.4), "does not hold"),
        ('{ kind = "within", rows = ["b", "c"], of = "a", difference = 0.25 }', (0.6, 0.5, 0.4), "holds"),
        ('{ kind = "within", rows = ["b"], of = "a", spreads = 1 }', (0.6, 0.5, 0.4), "holds"),
        ('{ kind = "within", rows = ["c"], of = "a", spreads = 1 }', (0.6, 0.5, 0.4), "does not hold"),
    ],
)
def test_rules_over_scores(project: Project, rule: str, means: tuple[float, float, float], outcome: str) -> None:
    found = decide(project, rule, records(*means))
    assert found.outcome == outcome
    assert (found.why == "") is (outcome == "holds")


def test_a_verdict_says_what_it_stands_on(project: Project) -> None:
    found = decide(project, '{ kind = "best", row = "b" }', records(0.6, 0.5, 0.4))
    assert (found.claim, found.sentence, found.where, found.tier) == ("c", "It is so.", "table 1", "smoke")
    assert [name for name, _ in found.numbers] == ["b", "a", "c"]
    assert [value for _, value in found.numbers] == pytest.approx([0.5, 0.6, 0.4])
    assert found.why == "'b' (0.5) is not better than 'a' (0.6)"
    assert found.data == "flat (4 samples)"


@pytest.mark.parametrize(
    ("means", "outcome", "agreement"),
    [
        ((0.6, 0.5, 0.4), "holds", "in 4 of 4 comparisons of single samples"),
        ((0.5, 0.5, 0.4), "holds", "in 4 of 4 comparisons of single samples"),
        ((0.4, 0.5, 0.4), "does not hold", "in 0 of 4 comparisons of single samples"),
    ],
)
def test_no_worse_admits_ties(
    project: Project, means: tuple[float, float, float], outcome: str, agreement: str
) -> None:
    rule = '{ kind = "ranks above", better = ["a"], worse = ["b"], ties = true }'
    found = decide(project, rule, records(*means))
    assert (found.outcome, found.agreement) == (outcome, agreement)
    assert found.why == ("" if outcome == "holds" else "'a' (0.4) is worse than 'b' (0.5)")


def test_what_could_be_chance_is_open_and_says_in_how_many_samples_it_shows(project: Project) -> None:
    mixed = [record("a", value, name) for value, name in ((0.9, "a"), (0.3, "b"), (0.6, "c"))]
    mixed += [record("b", value, name) for value, name in ((0.5, "a"), (0.4, "b"), (0.5, "c"))]
    mixed += [record("c", value, name) for value, name in ((0.1, "a"), (0.2, "b"), (0.3, "c"), (0.9, "not shared"))]
    found = decide(project, '{ kind = "best", row = "a" }', mixed)
    assert (found.outcome, found.agreement) == ("open", "in 5 of 6 comparisons of single samples")
    assert "'a' is better than 'b', not beyond chance: 0.133 [-0.492, 0.758] over 3 samples" in found.why
    worst = decide(project, '{ kind = "worst", row = "b", among = ["a"] }', mixed)
    assert (worst.outcome, worst.agreement) == ("open", "in 2 of 3 comparisons of single samples")


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_units_do_not_decide_however_well_they_agree(project: Project, n: int) -> None:
    two = [record(row, mean, sample) for row, mean in zip(ROWS, (0.9, 0.1, 0.2), strict=True) for sample in "ab"[:n]]
    found = decide(project, '{ kind = "best", row = "a", among = ["b"] }', two)
    assert found.outcome == "open"
    assert found.why == f"n = {n} samples do not decide"
    assert found.agreement == f"in {n} of {n} comparisons of single samples"


def test_where_there_is_one_fold_its_samples_are_the_units(project: Project) -> None:
    suite = project.suite(suite_text(ANY).replace('spread_over = "samples"', 'spread_over = "folds"'))
    (found,) = check_claims(standing_of(suite, "smoke", records(0.6, 0.5, 0.4), directions=DIRECTIONS))
    assert (found.outcome, found.agreement) == ("holds", "in 8 of 8 comparisons of single samples")


def test_a_comparison_that_goes_the_other_way_by_chance_does_not_refuse_a_claim_of_many(project: Project) -> None:
    values = {"a": (0.50, 0.52, 0.50), "b": (0.53, 0.57, 0.57), "c": (0.1, 0.1, 0.1)}
    found = [record(row, value, "xyz"[n]) for row, own in values.items() for n, value in enumerate(own)]
    one = '{ kind = "ranks above", better = ["a"], worse = ["b"] }'
    assert decide(project, one, found).outcome == "does not hold"
    assert decide(project, '{ kind = "best", row = "a" }', found).outcome == "open"


@pytest.mark.parametrize(
    ("floor", "outcome"),
    [("floor = 0.45", "open"), ("floor = 0.35", "holds"), ('floor = { "arand.toy" = 0.55 }', "open")],
)
def test_below_the_floor_nothing_was_learnt_and_nothing_is_decided(project: Project, floor: str, outcome: str) -> None:
    found = decide(project, ANY, records(0.6, 0.5, 0.4), more=floor)
    assert found.outcome == outcome
    side = (
        "map.toy 0.4 is below the floor of 0.45" if "arand" not in floor else "arand.toy 0.6 is above the floor of 0.55"
    )
    assert found.why == ("" if outcome == "holds" else f"row 'c' has learnt nothing: {side}")


def test_no_row_passes_a_floor_whose_metric_is_undefined(project: Project) -> None:
    found = records(0.6, 0.5, 0.4)
    found[-1] = replace(found[-1], metrics={**found[-1].metrics, "arand.toy": math.nan})
    assert decide(project, ANY, found).outcome == "holds"
    verdict = decide(project, ANY, found, more='floor = { "arand.toy" = 0.9 }')
    assert (verdict.outcome, verdict.why) == ("open", "row 'c': arand.toy is undefined, and has a floor of 0.9")


@pytest.mark.parametrize(
    ("rule", "printed"),
    [
        ('{ kind = "best", row = "c" }', "hold"),
        ('{ kind = "best", row = "a" }', "do not hold"),
        ('{ kind = "within", rows = ["b"], of = "a", difference = 0.01 }', "hold"),
        ('{ kind = "within", rows = ["c"], of = "a", spreads = 1 }', "do not hold"),
        ('{ kind = "smaller spread", rows = ["a"], than = ["b"] }', "do not hold"),
        ('{ kind = "above value", rows = ["a", "b"], value = 0.69 }', "hold"),
    ],
)
def test_rules_are_decided_on_the_printed_numbers_too(project: Project, rule: str, printed: str) -> None:
    found = decide(project, rule, [])
    assert (found.outcome, found.printed) == ("open", printed)
    unprinted = suite_text(rule).replace("mean = 70, sd = 1.5", "sd = 1.5").replace("mean = 72", "illegible = true")
    (verdict,) = check_claims(standing_of(project.suite(unprinted), "smoke", [], directions=DIRECTIONS))
    assert verdict.printed == ""


def swept(rule: str, more: str = "") -> str:
    """Two models, two numbers of components, two clusterings, and a row without axes."""
    base = suite_text(rule, more).replace('id = "a"', 'id = "a"\naxes = { model = "own" }', 1)
    return (
        base
        + """
[[matrix]]
id = "{model}-{cluster}-{n}"
axes = { model = ["full", "sparse"], cluster = ["ms", "hd"], n = [4, 16] }
stages = [{ id = "blur", sigma = 1.0 }, { id = "cut", level = 0.5 }]
"""
    )


def sweep(value: Any) -> list[Record]:
    return [
        record(f"{model}-{cluster}-{n}", value(model, cluster, n) + 0.01 * k, sample)
        for model in ("full", "sparse")
        for cluster in ("ms", "hd")
        for n in (4, 16)
        for k, sample in enumerate("abcd")
    ]


def test_rows_by_axes_and_the_axes_that_no_selector_names(project: Project) -> None:
    rule = '{ kind = "within", rows = { cluster = "ms", n = [4] }, of = { cluster = "ms", n = 16 }, difference = 0.05 }'
    text = swept(rule)
    close = sweep(lambda model, cluster, n: 0.5 if cluster == "ms" else n / 20)
    (found,) = check_claims(standing_of(project.suite(text), "smoke", close, directions=DIRECTIONS))
    assert found.outcome == "holds"
    assert [name for name, _ in found.numbers] == ["full-ms-4", "full-ms-16", "sparse-ms-4", "sparse-ms-16"]
    far = sweep(lambda model, cluster, n: 0.9 if (model, n) == ("sparse", 4) else 0.5)
    (found,) = check_claims(standing_of(project.suite(text), "smoke", far, directions=DIRECTIONS))
    assert (found.outcome, found.why) == (
        "does not hold",
        "'sparse-ms-4' (0.915) and 'sparse-ms-16' (0.515): a difference of 0.4; allowed: 0.05 on model = sparse",
    )


def test_the_best_by_axes_is_among_the_rows_of_the_same_free_axes(project: Project) -> None:
    rule = '{ kind = "best", row = { cluster = "ms" }, among = { cluster = ["ms", "hd"] } }'
    better = sweep(lambda model, cluster, n: 0.6 if cluster == "ms" else 0.4)
    (found,) = check_claims(standing_of(project.suite(swept(rule)), "smoke", better, directions=DIRECTIONS))
    assert (found.outcome, found.agreement) == ("holds", "in 16 of 16 comparisons of single samples")


def test_seconds_since_a_stage(project: Project) -> None:
    rule = '{ kind = "at least factor", better = ["a"], worse = ["b"], factor = 3 }'
    times = [timing(row, seconds, name) for row, seconds in (("a", 1.0), ("b", 3.5)) for name in "abc"]
    assert decide(project, rule, [], times, more='metric = "seconds"\nsince = "blur"').outcome == "holds"
    assert decide(project, rule, [], times, more='metric = "seconds"').outcome == "does not hold"


def test_seconds_of_a_named_use() -> None:
    stages = tuple(StageTiming("blur", first_s=second, name=name) for second, name in ((1.0, "first"), (2.0, "")))
    found = replace(timing("a", 4.0), stages=(*stages, StageTiming("cut", first_s=4.0)))
    assert seconds_of(found, stage="first") == 1.0
    assert seconds_of(found, since="first") == 6.0
    assert seconds_of(found, stage="blur") == 2.0, "the use that has no name"
    assert seconds_of(found) == 7.0


@pytest.mark.parametrize(
    "rule",
    ['{ kind = "best", row = "a" }', '{ kind = "within", rows = ["b"], of = "a", spreads = 1 }'],
)
def test_rows_that_found_nothing_say_nothing(project: Project, rule: str) -> None:
    nothing = [record(row, 0.0, sample) for row in ROWS for sample in "abc"]
    found = decide(project, rule, nothing)
    assert (found.outcome, found.why) == ("open", "every row scores 0: there is nothing to compare")
    low = decide(project, rule, [record(row, 1.0, s) for row in ROWS for s in "abc"], more='metric = "arand.toy"')
    assert low.outcome != "open", "an error of 0 is a perfect score"


def test_lower_is_better_where_the_metric_says_so(project: Project) -> None:
    rule = '{ kind = "best", row = "a" }'
    assert decide(project, rule, records(0.6, 0.5, 0.4), more='metric = "arand.toy"').outcome == "holds"
    flipped = {"arand.toy": "higher", "map.toy": "higher"}
    suite = project.suite(suite_text(rule, 'metric = "arand.toy"'))
    (found,) = check_claims(standing_of(suite, "smoke", records(0.6, 0.5, 0.4), directions=flipped))  # type: ignore[arg-type]
    assert found.outcome == "does not hold"


ANY = '{ kind = "best", row = "a" }'


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (records(0.6, 0.5, 0.4)[:8], "row 'c': no records"),
        ([*records(0.6, 0.5, 0.4)[:9], record("c", 0.1, "b", status="timeout")], "row 'c': 1 failed (timeout)"),
        ([*records(0.6, 0.5, 0.4)[:9], record("c", math.nan, "b")], "row 'c': the metric is undefined in 1 values"),
    ],
)
def test_what_cannot_be_decided_says_why(project: Project, found: list[Record], why: str) -> None:
    verdict = decide(project, ANY, found)
    assert (verdict.outcome, verdict.why) == ("open", why)


def test_cells_that_were_never_run_leave_a_claim_open(project: Project) -> None:
    suite = project.suite(suite_text(ANY))
    cells = project.cells(suite_text(ANY))
    found = [record(cell.row, 0.5, cell.sample, cell=cell.key) for cell in cells]
    (whole,) = check_claims(standing_of(suite, "smoke", found, directions=DIRECTIONS, cells=cells))
    (short,) = check_claims(standing_of(suite, "smoke", found[:-1], directions=DIRECTIONS, cells=cells))
    (stale,) = check_claims(standing_of(suite, "smoke", records(0.6, 0.5, 0.4), directions=DIRECTIONS, cells=cells))
    assert whole.outcome == "open"
    assert whole.why == (
        "n = 2 samples do not decide; 'a' (0.5) is not better than 'b' (0.5); 'a' (0.5) is not better than 'c' (0.5)"
    )
    assert (short.outcome, short.why) == ("open", "row 'c': 1 not run")
    assert (stale.outcome, stale.why) == ("open", "row 'a': 2 not run")


def test_a_claim_can_be_about_one_dataset(project: Project) -> None:
    other = [record(row, 0.9, "z", dataset="volumes") for row in ("b", "c")]
    found = decide(project, ANY, [*records(0.6, 0.5, 0.4), *other], more='dataset = "flat"')
    assert found.outcome == "holds"
    assert found.data == "flat (4 samples)"


def test_a_claim_of_other_tiers_is_left_open(project: Project) -> None:
    text = suite_text(ANY, 'tiers = ["paper"]').replace("tiers.smoke", "tiers.paper.data = []\ntiers.smoke")
    (found,) = check_claims(standing_of(project.suite(text), "smoke", records(0.6, 0.5, 0.4), directions=DIRECTIONS))
    assert (found.outcome, found.why) == ("open", "checked on paper only")


def test_one_value_has_no_spread(project: Project) -> None:
    rule = '{ kind = "within", rows = ["b"], of = "a", spreads = 1 }'
    found = decide(project, rule, [record("a", 0.5), record("b", 0.5)])
    assert (found.outcome, found.why) == ("open", "row 'a' has one value and so no spread")


def test_factors_around_zero(project: Project) -> None:
    rule = '{ kind = "within", rows = ["b"], of = "a", factor = 2 }'
    assert decide(project, rule, [record("a", 0.0), record("b", 0.0)]).outcome == "open"
    assert (
        decide(project, rule, [record(r, v, n) for r, v in (("a", 0.0), ("b", 0.1)) for n in "xyz"]).outcome
        == "does not hold"
    )


FASTEST = '{ kind = "fastest", row = "a", stage = "cut" }'
TIMES = [timing(row, s, name) for row, s in (("a", 1.0), ("b", 2.0), ("c", 3.0)) for name in "abc"]


def test_fastest_stage(project: Project) -> None:
    found = decide(project, FASTEST, [], TIMES)
    assert found.outcome == "holds"
    assert found.numbers == (("a on m1, cpu, 2 threads", 1.0), ("b on m1, cpu, 2 threads", 2.0),
                             ("c on m1, cpu, 2 threads", 3.0))  # fmt: skip
    assert (
        decide(project, FASTEST, [], [*TIMES[3:], *(timing("a", 2.5, name) for name in "abc")]).outcome
        == "does not hold"
    )


def test_fastest_chain_counts_every_stage(project: Project) -> None:
    found = decide(project, '{ kind = "fastest", row = "a", among = ["b"] }', [], TIMES)
    assert [value for _, value in found.numbers] == [2.0, 3.0]


def test_times_are_compared_on_one_machine_and_must_hold_on_each(project: Project) -> None:
    elsewhere = [timing(row, s, name, "m2") for row, s in (("a", 9.0), ("b", 2.0)) for name in "abc"]
    assert decide(project, FASTEST, [], [*TIMES, *elsewhere]).outcome == "holds"
    found = decide(project, FASTEST, [], [*TIMES, *elsewhere, *(timing("c", 3.0, name, "m2") for name in "abc")])
    assert found.outcome == "does not hold"
    assert found.why == (
        "'a' (9) is not better than 'b' (2) on m2, cpu, 2 threads; "
        "'a' (9) is not better than 'c' (3) on m2, cpu, 2 threads"
    )


def test_times_are_compared_on_common_samples(project: Project) -> None:
    assert decide(project, FASTEST, [], [*TIMES, timing("a", 99.0, "z")]).outcome == "holds"


@pytest.mark.parametrize("times", [[], TIMES[:6], [*TIMES[:6], timing("c", None)], [*TIMES[:6], timing("c", 3.0, "z")]])
def test_times_that_cannot_be_compared(project: Project, times: list[Timing]) -> None:
    found = decide(project, FASTEST, [], times)
    assert (found.outcome, found.why) == ("open", "no machine has timed every row on a common sample")


def test_other_rules_can_be_about_seconds(project: Project) -> None:
    rule = '{ kind = "within", rows = ["b"], of = "a", factor = 1.5 }'
    assert decide(project, rule, [], TIMES, more='metric = "seconds"').outcome == "holds"
    rule = '{ kind = "ranks above", better = ["a"], worse = ["b"] }'
    assert decide(project, rule, [], TIMES, more='metric = "seconds"').outcome == "holds"


EXACT_SECONDS = 'metric = "seconds"\nexact = true'


def test_seconds_below_a_value_need_no_common_sample(project: Project) -> None:
    rule = '{ kind = "below value", rows = ["a", "b"], value = 3.5 }'
    apart = [timing("a", 1.0, "x"), timing("b", 2.0, "y"), timing("b", 2.2, "z")]
    found = decide(project, rule, [], apart, more=EXACT_SECONDS)
    assert (found.outcome, found.numbers) == (
        "holds",
        (("a on m1, cpu, 2 threads", 2.0), ("b on m1, cpu, 2 threads", pytest.approx(3.1))),
    )
    found = decide(project, rule, [], [*apart, timing("b", 9.0, "v")], more=EXACT_SECONDS)
    assert found.outcome == "does not hold"
    found = decide(project, rule, [], apart[:1], more=EXACT_SECONDS)
    assert (found.outcome, found.why) == ("open", "no machine has timed every row")


def other_suite(project: Project, text: str) -> Suite:
    return project.suite(text, "other")


def test_equal_published(project: Project) -> None:
    suite = project.suite(suite_text('{ kind = "equal published", entries = ["a", "other/b"] }'))
    same = other_suite(project, suite_text(ANY, name="other").replace("mean = 71", "mean = 70"))
    different = other_suite(project, suite_text(ANY, name="other"))
    (found,) = check_claims(standing_of(suite, "smoke", [], directions=DIRECTIONS, suites={"other": same}))
    assert (found.outcome, found.data) == ("holds", "printed values")
    (found,) = check_claims(standing_of(suite, "smoke", [], directions=DIRECTIONS, suites={"other": different}))
    assert (found.outcome, found.why) == ("does not hold", "the printed mean differs")
    assert dict(found.numbers)["other/b mean"] == pytest.approx(0.71)
    (found,) = check_claims(standing_of(suite, "smoke", [], directions=DIRECTIONS))
    assert (found.outcome, found.why) == ("open", "suite 'other' is not at hand")


def test_equal_published_needs_printed_values(project: Project) -> None:
    text = suite_text('{ kind = "equal published", entries = ["a", "b"], values = ["sd"] }')
    (found,) = check_claims(standing_of(project.suite(text), "smoke", [], directions=DIRECTIONS))
    assert found.outcome == "holds"
    text = text.replace("mean = 71, sd = 1.5", "mean = 71")
    (found,) = check_claims(standing_of(project.suite(text), "smoke", [], directions=DIRECTIONS))
    assert (found.outcome, found.why) == ("open", "b: no sd is printed for map.toy")


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
    found = records(a, b, c)
    verdicts = {
        one.claim: one.outcome == "holds"
        for one in check_claims(standing_of(suite, "smoke", found, directions=DIRECTIONS))
    }
    for kind, chosen in (("best", max), ("worst", min)):
        winners = [row for row in ROWS if verdicts[f"{kind}-{row}"]]
        top = chosen((a, b, c))
        assert winners == ([ROWS[(a, b, c).index(top)]] if (a, b, c).count(top) == 1 else [])
