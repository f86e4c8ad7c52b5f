from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.datasets.formats.outlines.coco import CocoFile, is_coco, read_coco
from harness.datasets.formats.outlines.painting import paint
from harness.errors import DataError

WHERE = Path("a.json")
IMAGE = {"id": 7, "file_name": "set/one.png", "height": 6, "width": 8}
POLYGON = {"id": 1, "image_id": 7, "segmentation": [[1, 1, 4, 1, 4, 3, 1, 3]]}


def _painted(content: Any, image: str = "") -> np.ndarray:
    drawing = read_coco(WHERE, CocoFile.of(content), image)
    assert drawing.shape is not None
    return paint(WHERE, drawing, drawing.shape)[0]


def runs(mask: np.ndarray) -> list[int]:
    """Return the run lengths of a mask, column by column."""
    flat = mask.ravel(order="F").astype(int)
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    return [0, *counts] if flat.size and flat[0] else counts


def text(counts: list[int]) -> str:
    """Return run lengths as the text that COCO writes."""
    found = ""
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            bits, value = value & 31, value >> 5
            more = not ((value == 0 and not bits & 16) or (value == -1 and bits & 16))
            found += chr((bits | 32 if more else bits) + 48)
    return found


def test_polygons_of_a_data_set() -> None:
    labels = _painted({"images": [IMAGE], "annotations": [POLYGON]})
    expected = np.zeros((6, 8), int)
    expected[1:3, 1:4] = 1
    assert np.array_equal(labels, expected)


def test_images_of_one_id_are_not_one_image() -> None:
    with pytest.raises(ValueError, match="2 images have 1 ids"):
        CocoFile.of({"images": [IMAGE, {**IMAGE, "file_name": "two.png"}], "annotations": []})


def test_annotations_of_images_that_are_not_listed_are_said() -> None:
    content = {"images": [IMAGE], "annotations": [POLYGON, {**POLYGON, "image_id": 8}, {**POLYGON, "image_id": 8}]}
    file = CocoFile.of(content)
    assert file.unlisted == ["8"]
    assert read_coco(WHERE, file, "").notes == (
        "2 annotations are of images that the file does not list, and are left out",
    )
    assert read_coco(WHERE, file, "one.png").notes == (), "another image was asked for"


@given(mask=arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))), as_text=st.booleans())
def test_run_lengths(mask: np.ndarray, as_text: bool) -> None:
    counts: Any = text(runs(mask)) if as_text else runs(mask)
    content = [{"image_id": 1, "segmentation": {"size": list(mask.shape), "counts": counts}}]
    assert is_coco(content)
    assert np.array_equal(_painted(content), mask.astype(int))


def test_a_text_of_run_lengths_that_the_coco_api_writes() -> None:
    """A square of 2 x 2 in 4 x 4 pixels, and one of long runs: written by hand after the format's rules."""
    square = np.zeros((4, 4), bool)
    square[1:3, 1:3] = True
    assert text(runs(square)) == "52203"
    assert text([1000, 3, 997]) == "Xo03Uo0"


def test_the_best_of_results_covers_the_others() -> None:
    mask = np.ones((2, 2), bool)
    content = [
        {"image_id": 1, "score": score, "segmentation": {"size": [2, 2], "counts": runs(mask)}} for score in (0.9, 0.2)
    ]
    drawing = read_coco(WHERE, CocoFile.of(content), "")
    labels, remarks = paint(WHERE, drawing, (2, 2))
    assert (labels == 2).all()
    assert "1 of 2 objects have no pixel" in remarks[1]
    assert content[0]["score"] == 0.9


def test_crowds_stand_apart() -> None:
    crowd = {**POLYGON, "id": 2, "iscrowd": 1}
    drawing = read_coco(WHERE, CocoFile.of({"images": [IMAGE], "annotations": [POLYGON, crowd]}), "")
    assert [one.name for one in drawing.outlines] == ["annotation 1"]
    assert [one.name for one in drawing.crowds] == ["annotation 2"]
    assert drawing.notes == ("1 crowds are no single objects and are left out",)


@pytest.mark.parametrize("name", ["set/two.png", "two.png", "two", "8"])
def test_an_image_is_named_by_file_stem_or_id(name: str) -> None:
    other = {**IMAGE, "id": 8, "file_name": "set/two.png"}
    content = {"images": [IMAGE, other], "annotations": [{**POLYGON, "image_id": 8}]}
    assert _painted(content, name).max() == 1
    assert _painted(content, "one").max() == 0
    with pytest.raises(DataError, match=r"name one of its 2 images, as in a.json:NAME: set/one.png, set/two.png"):
        read_coco(WHERE, CocoFile.of(content), "")
    with pytest.raises(DataError, match="0 images 'three'"):
        read_coco(WHERE, CocoFile.of(content), "three")


def test_results_without_images_have_no_size_and_are_named_by_id() -> None:
    content = [{**POLYGON, "image_id": 1}, {**POLYGON, "image_id": 2}]
    assert read_coco(WHERE, CocoFile.of(content), "2").shape is None
    absent = read_coco(WHERE, CocoFile.of(content), "3")
    assert absent.outlines == ()
    assert absent.notes == ("has no result of image 3, which counts as one without objects",)
    with pytest.raises(DataError, match=r"0 images 'a.png'"):
        read_coco(WHERE, CocoFile.of(content), "a.png")
    with pytest.raises(DataError, match="NAME: 1, 2"):
        read_coco(WHERE, CocoFile.of(content), "")


@pytest.mark.parametrize("found", [[], None, {}])
def test_boxes_are_no_outlines(found: Any) -> None:
    with pytest.raises(DataError, match="annotation without id has no segmentation"):
        read_coco(WHERE, CocoFile.of([{"image_id": 1, "bbox": [0, 0, 2, 2], "segmentation": found}]), "")


@pytest.mark.parametrize("counts", [[3], [2, 3], [-1, 5], "0", "~~~", "P" * 20])
def test_damaged_run_lengths(counts: Any) -> None:
    file = CocoFile.of([{"id": 1, "image_id": 1, "segmentation": {"size": [2, 2], "counts": counts}}])
    with pytest.raises(DataError, match=r"do not fill 2 x 2 pixels|text of run lengths is damaged"):
        read_coco(WHERE, file, "")


def test_run_lengths_of_another_size() -> None:
    segmentation = {"size": [2, 2], "counts": [0, 4]}
    file = CocoFile.of({"images": [IMAGE], "annotations": [{**POLYGON, "segmentation": segmentation}]})
    with pytest.raises(DataError, match="run lengths of 2 x 2 pixels; the image has 6 x 8"):
        read_coco(WHERE, file, "")


def test_what_coco_is() -> None:
    assert is_coco({"images": [], "annotations": []})
    assert not any(is_coco(content) for content in ([], {}, [1], {"annotations": 1}, "x", None))
