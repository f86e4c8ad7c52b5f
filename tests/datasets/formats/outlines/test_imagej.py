from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from roifile import ROI_TYPE, ImagejRoi

from harness.datasets.formats.outlines.imagej import read_rois
from harness.datasets.formats.outlines.painting import paint
from harness.errors import DataError, LabelError

SQUARE = [[1, 2], [4, 2], [4, 5], [1, 5]]
"""x and y of the corners."""


def _rectangle(top: int, left: int, bottom: int, right: int, kind: ROI_TYPE = ROI_TYPE.RECT) -> bytes:
    roi = ImagejRoi(roitype=kind, top=top, left=left, bottom=bottom, right=right)
    return bytes(roi.tobytes())


def _polygon(points: Any = SQUARE, **options: Any) -> bytes:
    roi = ImagejRoi.frompoints(np.array(points))
    for name, value in options.items():
        setattr(roi, name, value)
    return bytes(roi.tobytes())


def _archive(path: Path, **rois: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in rois.items():
            archive.writestr(f"{name}.roi", content)
    return path


def _painted(path: Path) -> np.ndarray:
    return paint(path, read_rois(path), (8, 9))[0]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_one_polygon(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / "a.roi"
    path.write_bytes(_polygon(np.array(SQUARE, dtype=dtype)))
    expected = np.zeros((8, 9), int)
    expected[2:5, 1:4] = 1
    assert np.array_equal(_painted(path), expected)


def test_an_archive_in_the_order_of_its_names(tmp_path: Path) -> None:
    path = _archive(tmp_path / "RoiSet.zip", b=_rectangle(0, 0, 2, 3), a=_polygon())
    expected = np.zeros((8, 9), int)
    expected[0:2, 0:3] = 2
    expected[2:5, 1:4] = 1
    assert np.array_equal(_painted(path), expected)


def test_an_oval_fills_its_box(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.zip", a=_rectangle(1, 1, 7, 8, ROI_TYPE.OVAL))
    rows, columns = np.mgrid[:8, :9] + 0.5
    expected = ((rows - 4) / 3) ** 2 + ((columns - 4.5) / 3.5) ** 2 <= 1
    assert np.array_equal(_painted(path) == 1, expected)


def test_a_composite_with_a_hole(tmp_path: Path) -> None:
    lines: list[float] = []
    for low, high in ((0, 6), (2, 4)):
        corners = [(low, low), (high, low), (high, high), (low, high)]
        for index, (x, y) in enumerate(corners):
            lines += [0 if index == 0 else 1, x, y]
        lines.append(4)
    roi = ImagejRoi(roitype=ROI_TYPE.RECT, top=0, left=0, bottom=6, right=6)
    roi.shape_roi_size, roi.multi_coordinates = len(lines), np.array(lines, dtype=">f4")
    path = _archive(tmp_path / "a.zip", a=roi.tobytes())
    expected = np.zeros((8, 9), int)
    expected[:6, :6] = 1
    expected[2:4, 2:4] = 0
    assert np.array_equal(_painted(path), expected)


def test_planes(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.zip", a=_polygon(position=3), b=_polygon(z_position=2), c=_polygon())
    assert [outline.plane for outline in read_rois(path).outlines] == [2, 1, None]


@pytest.mark.parametrize("other", [_polygon(t_position=2), _rectangle(0, 0, 2, 3, ROI_TYPE.OVAL)])
def test_time_points_are_not_painted_over_each_other(tmp_path: Path, other: bytes) -> None:
    """An ROI that names none is of every one."""
    path = _archive(tmp_path / "a.zip", a=_polygon(t_position=1), b=other)
    if ImagejRoi.frombytes(other).t_position:
        with pytest.raises(LabelError, match="holds outlines of 2 time points"):
            _painted(path)
    else:
        assert _painted(path).max() == 2


@pytest.mark.parametrize("kind", [ROI_TYPE.POINT, ROI_TYPE.LINE, ROI_TYPE.POLYLINE])
def test_rois_without_an_area(tmp_path: Path, kind: ROI_TYPE) -> None:
    path = _archive(tmp_path / "a.zip", a=_polygon(roitype=kind))
    with pytest.raises(LabelError, match=f"ROI 'a.roi' is a {kind.name}; accepted: ROIs with an area"):
        read_rois(path)


def test_archives_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("image.tif", b"x")
    with pytest.raises(DataError, match=r"without ImageJ ROIs \(.roi\); found 1 other files"):
        read_rois(tmp_path / "a.zip")
    (tmp_path / "b.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"b.zip: neither a zip nor a tar archive"):
        read_rois(tmp_path / "b.zip")
