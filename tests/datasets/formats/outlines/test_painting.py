from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.datasets.formats.outlines.painting import Drawing, Outline, Shape, paint, polygons
from harness.errors import LabelError

WHERE = Path("a.json")


def _square(top: float, left: float, size: float) -> np.ndarray:
    return np.array([[top, left], [top, left + size], [top + size, left + size], [top + size, left]], dtype=float)


def _painted(*outlines: Outline, shape: Shape = (8, 9)) -> tuple[np.ndarray, tuple[str, ...]]:
    return paint(WHERE, Drawing(outlines), shape)


def test_a_pixel_belongs_to_an_object_if_its_centre_lies_inside() -> None:
    labels, remarks = _painted(polygons("a", [[_square(1, 2, 3)]]), polygons("b", [[_square(4.6, 4.4, 2)]]))
    expected = np.zeros((8, 9), np.uint16)
    expected[1:4, 2:5] = 1
    expected[5:7, 4:6] = 2
    assert np.array_equal(labels, expected)
    assert labels.dtype == np.uint16
    assert remarks == ()


def test_holes_and_parts() -> None:
    labels, _ = _painted(polygons("a", [[_square(0, 0, 5), _square(1, 1, 2)], [_square(6, 6, 2)]]))
    expected = np.zeros((8, 9), np.uint16)
    expected[:5, :5] = 1
    expected[1:3, 1:3] = 0
    expected[6:8, 6:8] = 1
    assert np.array_equal(labels, expected)


def test_the_last_object_has_a_pixel_of_several() -> None:
    labels, remarks = _painted(
        *(polygons(name, [[_square(*place)]]) for name, place in (("a", (0, 0, 4)), ("b", (2, 2, 4))))
    )
    assert (labels == 1).sum() == 12
    assert (labels == 2).sum() == 16
    assert remarks == ("4 pixels lie in several objects; each belongs to the last of them",)


def test_objects_without_a_pixel_are_said() -> None:
    small, under = polygons("small", [[_square(0.6, 0.6, 0.2)]]), polygons("under", [[_square(3, 3, 2)]])
    _, remarks = _painted(small, under, polygons("over", [[_square(2, 2, 4)]]))
    assert remarks[1] == "2 of 3 objects have no pixel of their own: too small, or covered by later ones"


def test_an_object_at_the_border_is_cut_and_one_outside_is_refused() -> None:
    labels, _ = _painted(polygons("a", [[_square(-2, 7, 4)]]))
    assert np.argwhere(labels).tolist() == [[0, 7], [0, 8], [1, 7], [1, 8]]
    for place in ((8, 0, 2), (0, 9, 2), (-3, 0, 3)):
        with pytest.raises(LabelError, match=r"a.json: far lies outside of the image: y .* of 8 x 9 pixels"):
            _painted(polygons("far", [[_square(*place)]]))


def test_planes() -> None:
    square = [[_square(0, 0, 2)]]
    labels, remarks = _painted(polygons("a", square, 2), polygons("b", square, 0), shape=(3, 4, 4))
    assert [labels[z].max() for z in range(3)] == [2, 0, 1]
    assert "each outline is an object of its own plane" in remarks[-1]
    assert _painted(polygons("a", square, 0))[0].max() == 1
    with pytest.raises(LabelError, match="a lies in plane 2 of a stack; the image has one"):
        _painted(polygons("a", square, 1))
    for plane, said in ((None, "no plane"), (3, "plane 4")):
        with pytest.raises(LabelError, match=f"a names {said}; accepted: one of the 3"):
            _painted(polygons("a", square, plane), shape=(3, 4, 4))


@pytest.mark.parametrize(
    "ring", [_square(0, 0, 2)[:2], np.full((3, 2), np.nan), np.full((3, 2), np.inf), np.zeros((4, 3))]
)
def test_lines_that_are_no_outline(ring: np.ndarray) -> None:
    with pytest.raises(LabelError, match="a: an outline needs three points or more"):
        polygons("a", [[ring]])


@pytest.mark.parametrize("parts", [[], [[]]])
def test_objects_without_outline(parts: list[list[np.ndarray]]) -> None:
    with pytest.raises(LabelError, match="a: has no outline"):
        polygons("a", parts)


def test_a_stated_size_is_compared() -> None:
    drawing = Drawing((polygons("a", [[_square(0, 0, 2)]]),), shape=(4, 5))
    assert paint(WHERE, drawing, (4, 5))[0].shape == (4, 5)
    with pytest.raises(LabelError, match="states an image of 4 x 5 pixels; expected 8 x 9"):
        paint(WHERE, drawing, (8, 9))


def test_an_image_without_objects() -> None:
    labels, remarks = _painted()
    assert not labels.any()
    assert remarks == ()
