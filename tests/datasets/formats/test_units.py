from __future__ import annotations

from harness.datasets.formats.units import UM_PER_UNIT


def test_units_are_lower_case_and_one_micrometre_is_one() -> None:
    assert all(name == name.lower() for name in UM_PER_UNIT)
    assert UM_PER_UNIT["um"] == UM_PER_UNIT["µm"] == UM_PER_UNIT["μm"] == 1.0
    assert UM_PER_UNIT["nm"] * 1e6 == UM_PER_UNIT["mm"]
