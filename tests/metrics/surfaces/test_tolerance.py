"""Tolerances have one way of writing."""

from __future__ import annotations

import pytest

from harness.metrics.surfaces.tolerance import Tolerance, parsed


@pytest.mark.parametrize(
    ("text", "size", "unit"), [("2um", 2.0, "um"), ("0.5um", 0.5, "um"), ("10px", 10.0, "px"), ("1.25um", 1.25, "um")]
)
def test_tolerances_are_read(text: str, size: float, unit: str) -> None:
    found = parsed(text)
    assert found == Tolerance(size, unit, text)
    assert str(found) == text


@pytest.mark.parametrize(
    "text",
    ["", "2", "um", "2 um", "2.0um", "02um", ".5um", "2.um", "0um", "0.0um", "-1um", "+1um", "1e3um", "2nm", "nanum"],
)
def test_other_ways_of_writing_are_none(text: str) -> None:
    assert parsed(text) is None
