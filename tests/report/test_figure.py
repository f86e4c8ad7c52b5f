"""The figure: the same bytes each time, no markup from data, no band without a spread."""

from __future__ import annotations

import builtins
from dataclasses import replace
from html import unescape
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from harness.errors import BackendError
from harness.report.figure import COLOURS, DASHES, _keys, figure_svg
from harness.tables import Curve, Table, curve_figures, printed_figure
from harness.tables.curves import Panel
from tests.tables.tables import make_curve_table, make_sweep_table

VISION = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Linear RGB as it is seen (Machado et al. 2009, doi:10.1109/TVCG.2009.113, severity 1)."""

SVG = "{http://www.w3.org/2000/svg}"


def _svg(table: Table) -> str:
    (family,) = curve_figures(table)
    return figure_svg(printed_figure(table, family))


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


@pytest.mark.parametrize("vision", VISION)
def test_colours_can_be_told_apart_whatever_the_colour_vision(vision: str) -> None:
    srgb = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in COLOURS])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(VISION[vision]).T, 0, 1)
    lab = rgb2lab(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055))
    assert min(float(deltaE_ciede2000(one, other)) for one, other in combinations(lab, 2)) > 10
    assert lab[:, 0].max() < 75


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
    assert printed_figure(table, curve_figures(table)[0]).title == (
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


def test_a_line_is_told_by_its_name_in_every_panel() -> None:
    """Where one panel lacks a row, the others keep their looks and their places in the legend."""
    first, second = (Panel("", tuple(Curve(label, "", ()) for label in labels)) for labels in ("abc", "acc"))
    assert _keys(second)[:2] == [_keys(first)[0], _keys(first)[2]]
    assert len(set(_keys(second))) == 3


def test_panels_lines_and_an_arrow_for_a_bound() -> None:
    table = make_sweep_table()
    quality, seconds = curve_figures(table)
    texts = _texts(figure_svg(printed_figure(table, quality)))
    assert {"model = full", "model = sparse", "n", "map"} <= set(texts)
    assert texts.count("hd") == 1, "one entry of the legend for all panels"
    assert figure_svg(printed_figure(table, quality)) == figure_svg(printed_figure(table, quality))
    texts = _texts(figure_svg(printed_figure(table, seconds)))
    assert "seconds since net" in texts
    assert "(5 of 6 cells)" not in texts
    assert "(4 of 6 cells)" in texts
