from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims import decide, holds_as_printed
from tests.claims.groups import group, rule

ABOVE = rule(kind="ranks above", better=["a"], worse=["b"])
BELOW = rule(kind="ranks above", better=["b"], worse=["a"])
VALUES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ((0.9, 0.8, 0.85), (0.5, 0.45, 0.5), "holds"),
        ((0.5, 0.45, 0.5), (0.9, 0.8, 0.85), "does not hold"),
        ((0.9, 0.1, 0.6), (0.5, 0.4, 0.45), "open"),
        ((0.9, 0.8), (0.5, 0.4), "open"),
        ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "does not hold"),
        ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0), "holds"),
    ],
)
def test_the_interval_over_units_decides(a: tuple[float, ...], b: tuple[float, ...], outcome: str) -> None:
    found = decide([(group(a=a, b=b), ABOVE)])
    assert found.outcome == outcome
    assert (found.why == "") is (outcome == "holds")


@given(VALUES)
def test_a_claim_and_its_contrary_never_both_hold(pairs: list[tuple[float, float]]) -> None:
    a, b = zip(*pairs, strict=True)
    numbers = group(a=a, b=b)
    claim, contrary = (decide([(numbers, one)]).outcome for one in (ABOVE, BELOW))
    assert (claim, contrary) != ("holds", "holds")
    assert claim != "holds" or contrary == "does not hold"
    assert len(pairs) > 2 or claim == "open"


@given(VALUES)
def test_what_holds_is_true_of_the_means_too(pairs: list[tuple[float, float]]) -> None:
    a, b = zip(*pairs, strict=True)
    numbers = group(a=a, b=b)
    if decide([(numbers, ABOVE)]).outcome == "holds":
        assert numbers.mean("a") > numbers.mean("b")
        assert holds_as_printed(ABOVE, numbers) or numbers.mean("a") - numbers.mean("b") < 1e-11


def test_a_margin_is_that_of_the_closest_comparison() -> None:
    numbers = group(a=(0.9, 0.8, 0.85), b=(0.1, 0.1, 0.1), c=(0.6, 0.5, 0.55))
    found = decide([(numbers, rule(kind="ranks above", better=["a"], worse=["b", "c"]))])
    assert found.margin == "least margin: 'a' is better than 'c': 0.3 [0.3, 0.3] over 3 folds"


def test_an_infinite_value_does_not_decide() -> None:
    assert decide([(group(a=(math.inf, 1.0, 1.0), b=(0.0, 0.0, 0.0)), ABOVE)]).outcome == "open"


def test_printed_numbers_are_exact_but_for_their_conversion() -> None:
    within = rule(kind="within", rows=["a"], of="b", difference=0.1)
    assert holds_as_printed(within, group(a=(70.1 / 100,), b=(60.1 / 100,)))
    assert not holds_as_printed(ABOVE, group(a=(0.7,), b=(0.7,)))


def test_the_order_of_controls_is_exact() -> None:
    assert decide([(group(a=(1.0,), b=(0.0,)), ABOVE)], exact=True).outcome == "holds"
    found = decide([(group(a=(0.0,), b=(0.0,)), ABOVE)], exact=True)
    assert (found.outcome, found.why) == ("does not hold", "'a' (0) is not better than 'b' (0)")


@pytest.mark.parametrize("n", [3, 5, 20])
def test_chance_alone_seldom_decides(n: int) -> None:
    """Rows that do not differ: two-sided 5 % for one comparison, and no more than 5 % of refusals among many."""
    draws = np.random.default_rng(1).normal(0.5, 0.1, size=(400, 5, n))
    best = rule(kind="ranks above", better=["a"], worse=list("bcde"))
    pairs, refused = 0, 0
    for values in draws:
        numbers = group(**{name: tuple(own) for name, own in zip("abcde", values, strict=True)})
        pairs += decide([(numbers, ABOVE)]).outcome != "open"
        refused += decide([(numbers, best)]).outcome == "does not hold"
    assert pairs / len(draws) < 0.08
    assert refused / len(draws) < 0.08
