from __future__ import annotations

from harness.claims.naming import NamedRow, axes_of, selected, strata

ROWS = [NamedRow(f"{c}-{n}", {"c": c, "n": n}) for c in ("x", "y") for n in (16, 4)]


def test_the_order_is_that_of_the_selector() -> None:
    assert selected({"c": "x", "n": [4, 16]}, ROWS) == ("x-4", "x-16")
    assert selected({"c": ["y", "x"], "n": 4}, ROWS) == ("y-4", "x-4")
    assert selected({"c": "x", "n": "*"}, ROWS) == ("x-16", "x-4")
    assert selected({}, ROWS) == ("x-16", "x-4", "y-16", "y-4")


def test_axes_in_the_order_of_the_rows() -> None:
    assert axes_of([*ROWS, NamedRow("z", {"flag": True})]) == {"c": ["x", "y"], "n": [16, 4], "flag": [True]}


def test_true_is_not_one() -> None:
    rows = [NamedRow("a", {"v": True}), NamedRow("b", {"v": 1})]
    assert selected({"v": True}, rows) == ("a",)
    assert selected({"v": 1}, rows) == ("b",)


def test_strata_are_the_values_that_no_selector_names() -> None:
    assert [name for name, _ in strata([{"c": "x"}, {"c": "y"}], ROWS)] == ["n = 16", "n = 4"]
    assert [name for name, _ in strata([{"c": "x", "n": 4}], ROWS)] == [""]
    assert [(name, len(rows)) for name, rows in strata(["x-4"], ROWS)] == [("", 4)]
