"""Captions name what is not whole."""

from __future__ import annotations

from dataclasses import replace

from harness.tables import Table, caption, curve_figures, printed_figure
from harness.tables.caption import spread
from tests.tables.tables import make_curve_table, make_sweep_table


def _caption(table: Table) -> tuple[str, ...]:
    (family,) = curve_figures(table)
    return caption(table, family)


def test_every_gap_is_named() -> None:
    assert _caption(make_curve_table()) == (
        "Average precision (gonuclear) over the IoU threshold; "
        "line: mean over folds, n = 1 to 2; band: mean ± sd (ddof = 1), cut at 0 and 1",
        "suite toy v1, smoke tier: no reproduction of table 0; data: phantoms",
        "no band where n = 1: Net & <b>; One",
        "undefined scores are left out: Net & <b>",
        "incomplete, drawn over what exists: One (1 failed, 1 missing)",
        "not drawn, no scores: Gone (2 missing)",
    )


def test_a_whole_table_on_the_paper_tier_has_two_lines() -> None:
    table = make_curve_table(tier="paper")
    table = replace(table, rows=table.rows[1:2])
    assert _caption(table) == (
        "Average precision (gonuclear) over the IoU threshold; "
        "line: mean over folds, n = 2; band: mean ± sd (ddof = 1), cut at 0 and 1",
        "suite toy v1, paper tier; data: phantoms",
    )


def test_without_any_spread_no_band_is_promised() -> None:
    table = make_curve_table()
    table = replace(table, rows=table.rows[3:])
    (family,) = curve_figures(table)
    assert spread(table, family) == "line: mean over folds, n = 1"
    assert "no band where n = 1: One" in caption(table, family)


def test_lines_that_hide_each_other_are_named() -> None:
    table = make_curve_table()
    twin = replace(table.rows[1], id="twin", label="Twin")
    assert "one line on top of the other: Truth; Twin" in _caption(replace(table, rows=(*table.rows, twin)))


def test_a_declared_figure_says_what_it_declares_and_names_its_bounds() -> None:
    table = make_sweep_table()
    quality, seconds = curve_figures(table)
    assert caption(table, quality)[0] == (
        "Quality: map over n; line: mean over samples, n = 3; bars: mean ± standard error (ddof = 1), cut at 0 and 1"
    )
    lines = caption(table, seconds)
    assert lines[0] == "Seconds since net, logarithmic over n; line: mean over samples, n = 2"
    assert "open arrow: a bound, cells met the deadline of 60 s and took longer: hd, n = 16 (2 of 3 cells)" in lines


def test_a_printed_figure_carries_what_must_be_read_beside_it() -> None:
    table = make_curve_table()
    (family,) = curve_figures(table)
    printed = printed_figure(table, family)
    assert printed.caption == caption(table, family)
    assert printed.lines == (
        "suite toy v1, smoke tier: no reproduction of table 0",
        "data: phantoms",
        spread(table, family),
    )
    assert printed.heading.endswith(", smoke tier")
    assert printed.title.startswith(printed.heading.removesuffix(", smoke tier"))
