from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.datasets.formats.outlines.reading import (
    coco_file,
    holds_outlines,
    read_crowds,
    read_outlines,
    stated_shape,
)
from harness.errors import DataError, LabelError

RING = [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]
CELL = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [RING]}}
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "height": 4, "width": 5}],
    "annotations": [{"id": 1, "image_id": 1, "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]]}],
}
EXPECTED = np.pad(np.ones((2, 2), int), ((1, 1), (1, 2)))


def _write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_names_of_files_with_outlines(tmp_path: Path) -> None:
    assert all(holds_outlines(Path(name)) for name in ("a.json", "A.GeoJSON", "RoiSet.zip", "a.roi"))
    (tmp_path / "a.zip").mkdir()
    assert not any(holds_outlines(path) for path in (Path("a.tif"), Path("a.npy"), tmp_path / "a.zip"))


@pytest.mark.parametrize(("content", "key"), [([CELL], ""), (COCO, ""), (COCO, "a"), (COCO["annotations"], "1")])
def test_json_is_told_apart_by_its_content(tmp_path: Path, content: Any, key: str) -> None:
    assert np.array_equal(read_outlines(_write(tmp_path / "a.json", content), key, shape=(4, 5)), EXPECTED)


def test_the_size_comes_from_the_file_or_is_needed(tmp_path: Path) -> None:
    assert read_outlines(_write(tmp_path / "a.json", COCO)).shape == (4, 5)
    with pytest.raises(LabelError, match="states an image of 4 x 5 pixels; expected 4 x 6"):
        read_outlines(tmp_path / "a.json", shape=(4, 6))
    with pytest.raises(DataError, match=r"b.geojson: holds outlines, and not the size .*--shape Y X"):
        read_outlines(_write(tmp_path / "b.geojson", [CELL]))


def test_what_a_file_states_of_its_images(tmp_path: Path) -> None:
    coco, cells = _write(tmp_path / "a.json", COCO), _write(tmp_path / "b.geojson", [CELL])
    assert (stated_shape(coco), stated_shape(cells)) == ((4, 5), None)
    found = coco_file(coco)
    assert found is not None
    assert list(found.images) == ["1"]
    assert coco_file(coco) is found, "parsed again"
    _write(coco, COCO["annotations"] * 2)
    assert coco_file(coco) is not found
    for other in (cells, tmp_path / "absent.json", tmp_path):
        assert coco_file(other) is None


def test_crowds_are_the_pixels_that_no_single_object_has(tmp_path: Path) -> None:
    runs = {"size": [4, 5], "counts": [4, 12, 4]}  # columns 1 to 3
    crowd = {"id": 2, "image_id": 1, "segmentation": runs, "iscrowd": 1}
    path = _write(tmp_path / "a.json", {**COCO, "annotations": [*COCO["annotations"], crowd]})
    whole = np.zeros((4, 5), bool)
    whole[:, 1:4] = True
    assert np.array_equal(read_outlines(path), EXPECTED)
    assert np.array_equal(read_crowds(path, "a.png"), whole & (EXPECTED == 0))
    assert not read_crowds(_write(tmp_path / "b.json", COCO)).any()
    with pytest.raises(DataError, match=r"c.geojson: names no crowds; accepted: a COCO file"):
        read_crowds(_write(tmp_path / "c.geojson", [CELL]), shape=(4, 5))


def test_remarks_reach_the_reader(tmp_path: Path) -> None:
    notes: list[str] = []
    read_outlines(_write(tmp_path / "a.geojson", [CELL, CELL]), shape=(4, 5), note=notes.append)
    assert [note.partition(": ")[2] for note in notes] == [
        "4 pixels lie in several objects; each belongs to the last of them",
        "1 of 2 objects have no pixel of their own: too small, or covered by later ones",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "truncated or not readable as outlines"),
        ("[" * 10_000, "truncated or not readable as outlines"),
        ("{}", "JSON of another kind; accepted: COCO"),
        ('{"images": [], "annotations": []}', "name one of its 0 images"),
        ('{"images": [{"id": 1, "height": 1e9, "width": 1e9}], "annotations": []}', "the memory of this machine"),
        ('{"images": 3, "annotations": [1]}', "truncated or not readable as outlines"),
        ('[{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": "abc"}}]', "not readable as outlines"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=f"a.json: .*{message}"):
        read_outlines(path, shape=None if "images" in content else (4, 5))
    with pytest.raises(DataError, match="no such file"):
        read_outlines(tmp_path / "absent.json")


def test_keys_that_a_file_has_not(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no 'x' in GeoJSON; accepted: nucleusGeometry"):
        read_outlines(_write(tmp_path / "a.json", [CELL]), "x", shape=(4, 5))
    (tmp_path / "a.roi").write_bytes(b"Iout")
    with pytest.raises(DataError, match="ImageJ ROIs have no key 'x'"):
        read_outlines(tmp_path / "a.roi", "x", shape=(4, 5))
    with pytest.raises(DataError, match=r"a.roi: truncated or not readable as outlines: ImageJ ROI data too short"):
        read_outlines(tmp_path / "a.roi", shape=(4, 5))
