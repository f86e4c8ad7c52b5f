from __future__ import annotations

import pytest

from harness.claims import decide
from tests.claims.groups import group, rule


@pytest.mark.parametrize(
    ("kind", "value", "outcome"),
    [
        ("above value", 0.4, "holds"),
        ("above value", 0.6, "does not hold"),
        ("below value", 0.6, "holds"),
        ("below value", 0.5, "open"),
    ],
)
def test_a_value(kind: str, value: float, outcome: str) -> None:
    declared = rule(kind=kind, rows=["a"], value=value)
    assert decide([(group(a=(0.49, 0.5, 0.52)), declared)]).outcome == outcome
    assert decide([(group("lower", a=(0.49, 0.5, 0.52)), declared)]).outcome == outcome, "plain numbers, not quality"
