from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from harness.claims.rules import Rule

RULES: TypeAdapter[Any] = TypeAdapter(Rule)

GOOD: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"kind": "fastest", "row": "a", "among": ["b", "c"], "stage": "s"}, ("a", "b", "c")),
    ({"kind": "best", "row": "a"}, ("a",)),
    ({"kind": "worst", "row": "a", "among": ["b"]}, ("a", "b")),
    ({"kind": "ranks above", "better": ["a"], "worse": ["b", "c"]}, ("a", "b", "c")),
    ({"kind": "ranks above", "better": ["a", "b"], "worse": ["c", "d"], "pairwise": True}, ("a", "b", "c", "d")),
    ({"kind": "within", "rows": ["a"], "of": "b", "factor": 1.5}, ("a", "b")),
    ({"kind": "within", "rows": ["a"], "of": "b", "difference": 0.1}, ("a", "b")),
    ({"kind": "within", "rows": ["a"], "of": "b", "spreads": 2}, ("a", "b")),
    ({"kind": "monotone", "rows": ["a", "b", "c"], "direction": "increasing"}, ("a", "b", "c")),
    ({"kind": "equal published", "entries": ["a", "other/b"]}, ("a",)),
]


@pytest.mark.parametrize(("rule", "rows"), GOOD)
def test_rules_name_their_own_rows(rule: dict[str, Any], rows: tuple[str, ...]) -> None:
    assert RULES.validate_python(rule).named() == rows


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"kind": "slowest", "row": "a"}, "does not match any of the expected tags"),
        (
            {"kind": "within", "rows": ["a"], "of": "b"},
            "exactly one of factor, difference, spreads is needed; given: none",
        ),
        ({"kind": "within", "rows": ["a"], "of": "b", "factor": 2, "spreads": 1}, "given: factor, spreads"),
        ({"kind": "within", "rows": ["a"], "of": "b", "factor": 0.5}, "greater than or equal to 1"),
        ({"kind": "within", "rows": [], "of": "b", "factor": 2}, "at least 1 item"),
        ({"kind": "monotone", "rows": ["a"], "direction": "increasing"}, "needs at least 2 rows"),
        (
            {"kind": "ranks above", "better": ["a"], "worse": ["b", "c"], "pairwise": True},
            r"better rows \(1\) as worse \(2\)",
        ),
        ({"kind": "best", "row": "a", "stage": "s"}, "Extra inputs are not permitted"),
    ],
)
def test_rules_that_say_nothing_are_refused(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RULES.validate_python(rule)
