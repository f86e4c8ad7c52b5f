from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.claims import decide, holds_as_printed
from tests.claims.groups import group, rule

SHARE = st.floats(0.01, 1)


@given(SHARE, SHARE, st.floats(1, 3))
def test_within_a_factor_is_symmetric(a: float, b: float, factor: float) -> None:
    numbers = group(a=(a,), b=(b,))
    found = [
        holds_as_printed(rule(kind="within", rows=[one], of=other, factor=factor), numbers)
        for one, other in (("a", "b"), ("b", "a"))
    ]
    assert found[0] == found[1]


def test_close_means_with_large_scatter_are_open() -> None:
    within = rule(kind="within", rows=["a"], of="b", difference=0.1)
    assert decide([(group(a=(0.1, 0.9, 0.5), b=(0.5, 0.45, 0.55)), within)]).outcome == "open"
    assert decide([(group(a=(0.51, 0.46, 0.55), b=(0.5, 0.45, 0.55)), within)]).outcome == "holds"
    assert decide([(group(a=(0.91, 0.86, 0.95), b=(0.5, 0.45, 0.55)), within)]).outcome == "does not hold"


@given(SHARE, SHARE, SHARE, SHARE)
def test_a_smaller_effect_is_about_sizes(a: float, b: float, c: float, d: float) -> None:
    numbers = group(a=(a,), b=(b,), c=(c,), d=(d,))
    (contrast,) = rule(kind="smaller effect", pairs=[["a", "b"]], than=[["c", "d"]]).contrasts(numbers)
    assert contrast.mean == pytest.approx(abs(c - d) - abs(a - b), abs=1e-12)


def test_pairs_that_share_a_row() -> None:
    numbers = group(a=(0.5,), b=(0.45,), c=(0.2,))
    (contrast,) = rule(kind="smaller effect", pairs=[["a", "b"]], than=[["a", "c"]]).contrasts(numbers)
    assert contrast.mean == pytest.approx(0.25)


def test_a_smaller_spread() -> None:
    smaller = rule(kind="smaller spread", rows=["a"], than=["b"])
    steady, wild = (0.5, 0.51, 0.5, 0.49, 0.5, 0.5), (0.2, 0.8, 0.25, 0.75, 0.3, 0.7)
    assert decide([(group(a=steady, b=wild), smaller)]).outcome == "holds"
    assert decide([(group(a=wild, b=steady), smaller)]).outcome == "does not hold"
    assert holds_as_printed(smaller, group(a=steady, b=wild))
