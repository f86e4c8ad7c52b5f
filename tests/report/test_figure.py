"""The figure: the same bytes each time, no markup from data, no band without a spread."""

from __future__ import annotations

import builtins
from dataclasses import replace
from html import unescape
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest

from harness.errors import BackendError
from harness.report.figure import COLOURS, DASHES, curve_svg, figure_title
from harness.tables import Table, curve_families
from tests.tables.tables import make_curve_table

SVG = "{http://www.w3.org/2000/svg}"


def _svg(table: Table) -> str:
    (family,) = curve_families(table)
    return curve_svg(table, family)


def _texts(svg: str) -> list[str]:
    """Return the texts that were drawn, of which matplotlib leaves a comment beside their outlines."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    nodes = ElementTree.fromstring(svg, parser).iter(ElementTree.Comment)  # type: ignore[arg-type]
    return [line.strip() for node in nodes for line in unescape(str(node.text)).strip().splitlines()]


def _bands(svg: str) -> int:
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    bands = (group for group in groups if group.get("id", "").startswith("FillBetween"))
    return sum(1 for band in bands if any(True for _ in band.iter(f"{SVG}use")))


def test_two_calls_give_equal_bytes_whatever_the_user_has_set() -> None:
    first = _svg(make_curve_table())
    with matplotlib.rc_context({"font.size": 20.0, "svg.hashsalt": "mine", "lines.linewidth": 9.0}):
        assert _svg(make_curve_table()) == first
        assert matplotlib.rcParams["font.size"] == 20.0
    assert "<dc:date>" not in first


def test_tier_data_and_what_is_not_whole_stand_in_the_picture() -> None:
    texts = _texts(_svg(make_curve_table()))
    assert "Toy | 100 % (table 0), smoke tier" in texts
    assert "suite toy v1, smoke tier: no reproduction of table 0" in texts
    assert "data: phantoms" in texts
    assert {"IoU threshold", "average precision (gonuclear)", "0.50", "0.75", "0.95"} <= set(texts)
    legend = texts[texts.index("Gone") :]
    assert legend == ["Gone", "(no scores)", "controls", "Truth", "nets", "Net & <b>", "One", "(1 of 3 cells)"]


def test_only_rows_with_a_spread_have_a_band() -> None:
    table = make_curve_table()
    assert _bands(_svg(table)) == 2
    assert _bands(_svg(replace(table, rows=table.rows[3:]))) == 0


@pytest.mark.parametrize(
    "label", ["<script>alert(1)</script>", "--><script>", "$\\frac{$", "_hidden", "a\x07\nb", "]]>", ""]
)
def test_labels_are_text(label: str) -> None:
    table = make_curve_table(title=label, data_note=label)
    rows = tuple(replace(row, label=label, group=label) for row in table.rows)
    svg = _svg(replace(table, rows=rows))
    tags = {str(node.tag).removeprefix(SVG) for node in ElementTree.fromstring(svg).iter()}
    assert not tags & {"script", "a", "image", "foreignObject", "text"}
    assert "<script" not in svg
    assert " ".join(label.replace("\x07", " ").split()).replace("--", "- -") in _texts(svg) or not label


def test_a_row_that_fails_does_not_recolour_the_others() -> None:
    table = make_curve_table()
    assert COLOURS[0] not in _svg(table).upper()
    assert COLOURS[0] in _svg(replace(table, rows=table.rows[1:])).upper()


def test_rows_of_one_group_look_different_for_long() -> None:
    assert len({(i % len(COLOURS), i % len(DASHES)) for i in range(70)}) == 70


def test_many_thresholds_have_fewer_ticks() -> None:
    table = make_curve_table()
    score = table.rows[1].scores["ap50.gonuclear"]
    metrics = [f"ap{percent}.gonuclear" for percent in range(50, 100)]
    columns = tuple(replace(table.columns[0], metric=metric) for metric in metrics)
    row = replace(table.rows[1], scores=dict.fromkeys(metrics, score))
    assert "0.51" not in _texts(_svg(replace(table, columns=columns, rows=(row,))))


def test_the_title_in_one_line() -> None:
    table = make_curve_table()
    assert figure_title(table, curve_families(table)[0]) == (
        "Toy | 100 % (table 0): gonuclear; suite toy v1, smoke tier: no reproduction of table 0; data: phantoms"
    )


def test_without_matplotlib_the_install_line_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(BackendError, match=r"matplotlib.*pip install '\.\[report\]'"):
        _svg(make_curve_table())
