from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.datasets.formats.outlines.geojson import NUCLEUS, is_geojson, read_geojson
from harness.datasets.formats.outlines.painting import paint
from harness.errors import LabelError


def _square(left: float, top: float, size: float) -> list[list[float]]:
    return [[left, top], [left + size, top], [left + size, top + size], [left, top + size], [left, top]]


def _feature(geometry: Any, kind: str = "", **further: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {"objectType": kind} if kind else None, **further}


CELL = _feature({"type": "Polygon", "coordinates": [_square(1, 0, 4), _square(2, 1, 2)]}, "cell")
PAIR = _feature({"type": "MultiPolygon", "coordinates": [[_square(0, 5, 1)], [_square(3, 5, 2)]]}, "detection")


def _painted(content: Any, geometry: str = "") -> np.ndarray:
    return paint(Path("a.geojson"), read_geojson(content, geometry), (7, 6))[0]


@pytest.mark.parametrize("wrap", [list, lambda features: {"type": "FeatureCollection", "features": features}])
def test_features(wrap: Any) -> None:
    content = wrap([CELL, PAIR])
    expected = np.zeros((7, 6), int)
    expected[0:4, 1:5] = 1
    expected[1:3, 2:4] = 0
    expected[5, 0] = 2
    expected[5:7, 3:5] = 2
    assert is_geojson(content)
    assert np.array_equal(_painted(content), expected)


@pytest.mark.parametrize("content", [CELL, CELL["geometry"]])
def test_one_feature_or_geometry(content: Any) -> None:
    assert is_geojson(content)
    assert (_painted(content) == 1).sum() == 12


def test_annotations_are_the_regions_of_cells() -> None:
    region = _feature({"type": "Polygon", "coordinates": [_square(0, 0, 6)]}, "annotation")
    drawing = read_geojson([region, CELL], "")
    assert [outline.name for outline in drawing.outlines] == ["feature 2"]
    assert drawing.notes == ("1 annotations are left out beside 1 cells or detections",)
    assert len(read_geojson([region, region], "").outlines) == 2
    old = [
        {**region, "properties": {}, "id": "PathAnnotationObject"},
        {**CELL, "properties": {}, "id": "PathCellObject"},
    ]
    assert len(read_geojson(old, "").outlines) == 1


def test_nuclei_of_cells() -> None:
    cell = {**CELL, NUCLEUS: {"type": "Polygon", "coordinates": [_square(2, 2, 1)]}}
    assert np.argwhere(_painted([cell], NUCLEUS)).tolist() == [[2, 2]]
    with pytest.raises(LabelError, match="feature 1: `nucleusGeometry` is not there"):
        _painted([CELL], NUCLEUS)


def test_planes_and_heights_of_points() -> None:
    plane = {"type": "Polygon", "coordinates": [_square(0, 0, 2)], "plane": {"c": -1, "z": 1, "t": 0}}
    assert read_geojson([_feature(plane)], "").outlines[0].plane == 1
    high = {"type": "Polygon", "coordinates": [[[*point, 9.0] for point in _square(0, 0, 2)]]}
    assert (_painted([_feature(high)]) == 1).sum() == 4


def test_time_points_are_not_painted_over_each_other() -> None:
    squares = [
        _feature({"type": "Polygon", "coordinates": [_square(3 * t, 0, 2)], "plane": {"c": -1, "z": 0, "t": t}})
        for t in (0, 1)
    ]
    assert (_painted(squares[1:]) == 1).sum() == 4
    with pytest.raises(LabelError, match=r"holds outlines of 2 time points \(0, 1\); accepted: those of one"):
        _painted(squares)


@pytest.mark.parametrize("geometry", [None, {"type": "Point", "coordinates": [1, 2]}, {"type": "LineString"}])
def test_features_without_an_area(geometry: Any) -> None:
    with pytest.raises(LabelError, match=r"feature 1: `geometry` is .*; accepted: Polygon or MultiPolygon"):
        _painted([_feature(geometry)])


def test_what_geojson_is() -> None:
    assert not any(is_geojson(content) for content in ([], {}, [1], {"type": "Topology"}, "x", None))
