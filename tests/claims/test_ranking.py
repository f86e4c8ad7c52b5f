from __future__ import annotations

import pytest

from harness.claims import NamedRow
from harness.errors import ConfigError
from tests.claims.groups import group, rule

NUMBERS = group(a=(0.6, 0.6), b=(0.3, 0.3), c=(0.2, 0.2))
ROWS = [NamedRow(name, {}) for name in "abc"]


def true_of_means(declared: dict[str, object], numbers: object = NUMBERS) -> list[bool]:
    ((_, bound),) = rule(**declared).bound(ROWS)
    return [contrast.is_true_of_means for contrast in bound.contrasts(numbers)]


def test_a_row_against_every_other() -> None:
    assert true_of_means({"kind": "best", "row": "a"}) == [True, True]
    assert true_of_means({"kind": "worst", "row": "b"}) == [True, False]
    assert true_of_means({"kind": "best", "row": "b", "among": ["c"]}) == [True]
    assert true_of_means({"kind": "fastest", "row": "c"}, group("lower", a=(3.0,), b=(2.0,), c=(2.0,))) == [True, False]


@pytest.mark.parametrize(("factor", "expected"), [(1.9, [True, True]), (2.5, [False, True]), (4, [False, False])])
def test_at_least_a_factor(factor: float, expected: list[bool]) -> None:
    declared = {"kind": "at least factor", "better": ["a"], "worse": ["b", "c"], "factor": factor}
    assert true_of_means(declared) == expected
    errors = group("lower", a=(1.0,), b=(2.0,), c=(3.0,))
    assert true_of_means({**declared, "factor": 2.5}, errors) == [False, True]


def test_a_factor_of_zero_is_no_division() -> None:
    declared = {"kind": "at least factor", "better": ["a"], "worse": ["b"], "factor": 2}
    assert true_of_means(declared, group(a=(0.1,), b=(0.0,))) == [True]


def test_a_series() -> None:
    declared = {"kind": "monotone", "rows": ["c", "b", "a"], "direction": "increasing"}
    assert true_of_means(declared) == [True, True]
    assert true_of_means({**declared, "direction": "decreasing"}) == [False, False]


def test_sides_of_different_length_by_axes() -> None:
    rows = [NamedRow(f"r{n}", {"n": n}) for n in (1, 2, 3)]
    declared = rule(kind="ranks above", better={"n": [1, 2]}, worse={"n": 3}, pairwise=True)
    with pytest.raises(ConfigError, match=r"better rows \(2\) as worse \(1\)"):
        declared.bound(rows)
