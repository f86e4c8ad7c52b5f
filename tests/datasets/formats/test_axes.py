from __future__ import annotations

from typing import Any

import pytest

from harness.datasets.formats.axes import letters, letters_of_kinds


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["c", "y", "x"], "CYX"),
        ("XYZ", "XYZ"),
        (["Channel", "Row", "Column"], "CYX"),
        (("time", "height", "width"), "TYX"),
        (["y", "y", "x"], ""),
        (["phase", "y", "x"], ""),
        (["y", "x"], ""),
        ([1, 2, 3], ""),
        (None, ""),
        (3, ""),
        ({"z": 1, "y": 2, "x": 3}, ""),
    ],
)
def test_names_of_three_axes(names: Any, found: str) -> None:
    assert letters(names, 3) == found


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        ("cyx", "CYX"),
        ([{"name": "stain", "type": "channel"}, {"name": "a", "type": "space"}, {"name": "b", "type": "space"}], "CYX"),
        ([{"name": "a", "type": "space"}, {"name": "y", "type": "space"}, {"name": "b", "type": "space"}], "ZYX"),
        ([{"name": "angle"}, {"name": "y", "type": "space"}, {"name": "x", "type": "space"}], "QYX"),
        ([{"name": str(number), "type": "space"} for number in range(4)], "QZYX"),
    ],
)
def test_axes_with_types(kinds: Any, found: str) -> None:
    assert letters_of_kinds(kinds) == found
