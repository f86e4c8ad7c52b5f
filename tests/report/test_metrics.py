"""Pages of metrics say what is declared, and draw a toy pair."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from harness import registry
from harness.metrics import METRICS
from harness.metrics.cases import CASES
from harness.report.metrics import COLOURS, VOXEL_PX, case_svg, page_name, write_metric_pages
from harness.report.site import _environment

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("site")
    assert write_metric_pages(_environment(), registry.metrics(), output) == "metrics/index.html"
    return output / "metrics"


def test_every_metric_has_a_page_that_the_list_links_to(folder: Path) -> None:
    listed = (folder / "index.html").read_text()
    for metric in METRICS:
        page = (folder / page_name(metric.id)).read_text()
        assert metric.id in page
        assert f'href="{page_name(metric.id)}"' in listed


def test_a_family_has_one_page(folder: Path) -> None:
    page = (folder / page_name("nsd.surfels.<tolerance>um")).read_text()
    assert "normalised surface dice at &lt;tolerance&gt;um" in page
    assert f'href="{page_name("nsd.surfels.<tolerance>um").replace("%", "%25")}"' in (folder / "index.html").read_text()


def test_a_page_says_what_is_declared(folder: Path) -> None:
    page = (folder / "pq.panoptica.html").read_text()
    for text in ("higher is better", "arXiv:2312.02608", "pooled, from counts", "0 to 1", "A worked example", "<svg"):
        assert text in page
    assert "<td>both empty</td><td>undefined</td>" in page


@pytest.mark.parametrize("case", CASES)
def test_a_picture_has_the_voxels_of_its_pair(case: str) -> None:
    root = ElementTree.fromstring(case_svg(case))
    filled = [box for box in root.iter(f"{SVG}rect") if box.get("fill") in COLOURS]
    area = sum(int(box.get("width", "0")) * int(box.get("height", "0")) for box in filled)
    assert area == VOXEL_PX**2 * sum(np.count_nonzero(image) for image in CASES[case]())


def test_ids_of_plug_ins_make_safe_file_names() -> None:
    assert page_name("my/metric b") == "my%2fmetric%20b.html"
