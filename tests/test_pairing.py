from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import DataError
from harness.pairing import are_collections, is_plain_folder, name_of, pair_folders


def _fill(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.tif", "a"),
        ("a.b.OME.TIFF", "a.b"),
        ("x.ome.zarr", "x"),
        ("x.h5", "x"),
        ("a_seg.npy", "a"),
        (".a.tif", None),
        ("a.txt", None),
    ],
)
def test_names(file: str, name: str | None) -> None:
    assert name_of(Path(file)) == name


def test_every_name_of_either_folder_is_there_once(tmp_path: Path) -> None:
    predictions = _fill(tmp_path / "p", "a.tif", "b.png", "c.npy", "c.tif", "Thumbs.db", "._a.tif")
    truths = _fill(tmp_path / "t", "a.ome.tif", "c.npy", "d.tif")
    assert [(pair.name, pair.problem) for pair in pair_folders(predictions, truths)] == [
        ("a", ""),
        ("b", "no truth of this name"),
        ("c", "2 prediction files of this name: c.npy, c.tif"),
        ("d", "no prediction of this name"),
    ]


def test_outlines_count_where_no_label_image_has_their_name(tmp_path: Path) -> None:
    predictions = _fill(tmp_path / "p", "a.tif", "a.json", "b.geojson", "c.zip", ".d.json")
    truths = _fill(tmp_path / "t", "a.tif", "b.tif", "c.roi")
    pairs = pair_folders(predictions, truths)
    assert [(pair.name, Path(pair.prediction).name, pair.problem) for pair in pairs] == [
        ("a", "a.tif", ""),
        ("b", "b.geojson", ""),
        ("c", "c.zip", ""),
    ]


def test_folders_with_nothing_in_common(tmp_path: Path) -> None:
    predictions, truths = _fill(tmp_path / "p", "a.tif"), _fill(tmp_path / "t")
    with pytest.raises(DataError, match=r"no label image of one has the name .* found 1 \(a\) and none"):
        pair_folders(predictions, truths)
    with pytest.raises(DataError, match="cannot be read"):
        pair_folders(predictions, tmp_path / "absent")


def _coco(path: Path, results: list[int], *files: str) -> Path:
    """Write a COCO file: with images of these file names (from id 1 on), or results of images alone."""
    annotations = [{"image_id": image, "segmentation": [[0, 0, 2, 0, 2, 2]]} for image in results]
    images = [{"id": number, "file_name": file, "height": 4, "width": 4} for number, file in enumerate(files, start=1)]
    path.write_text(json.dumps({"images": images, "annotations": annotations} if files else annotations))
    return path


def test_images_of_two_coco_files_are_matched_by_their_ids(tmp_path: Path) -> None:
    truth = _coco(tmp_path / "truth.json", [1, 2, 3], "set/a.png", "set/b.png", "c.png")
    results = _coco(tmp_path / "results.json", [3, 1, 4])
    assert are_collections(results, truth)
    pairs = pair_folders(results, truth)
    assert [(pair.name, pair.prediction, pair.truth, pair.problem) for pair in pairs] == [
        ("4", f"{results}:4", "", "no truth of this name"),
        ("a", f"{results}:1", f"{truth}:1", ""),
        ("b", f"{results}:2", f"{truth}:2", ""),
        ("c", f"{results}:3", f"{truth}:3", ""),
    ]


def test_annotations_of_an_image_that_is_not_listed_are_a_line_of_their_own(tmp_path: Path) -> None:
    truth = _coco(tmp_path / "truth.json", [1, 9], "a.png", "b.png")
    pairs = pair_folders(_fill(tmp_path / "p", "a.tif", "b.tif"), truth)
    assert [(pair.name, pair.problem) for pair in pairs] == [("9", "no prediction of this name"), ("a", ""), ("b", "")]


def test_images_of_a_coco_file_are_matched_with_a_folder_by_name(tmp_path: Path) -> None:
    truth = _coco(tmp_path / "truth.json", [1], "set/a.png", "set/b.png")
    folder = _fill(tmp_path / "p", "a.tif", "c.tif")
    assert are_collections(folder, truth)
    assert [(pair.name, pair.problem) for pair in pair_folders(folder, truth)] == [
        ("a", ""),
        ("b", "no prediction of this name"),
        ("c", "no truth of this name"),
    ]


def test_what_holds_label_images_by_name(tmp_path: Path) -> None:
    one = _coco(tmp_path / "one.json", [1], "a.png")
    many = _coco(tmp_path / "many.json", [1], "a.png", "b.png")
    folder, file = _fill(tmp_path / "p", "a.tif"), tmp_path / "a.tif"
    array = _fill(tmp_path / "array", "zarr.json")
    assert are_collections(folder, folder)
    assert are_collections(one, many)
    assert are_collections(folder, one)
    (tmp_path / "a.n5").mkdir()
    for pair in (
        (one, one),
        (many, file),
        (folder, file),
        (array, array),
        (folder, array),
        (folder, tmp_path / "a.n5"),
    ):
        assert not are_collections(*pair)
    assert is_plain_folder(folder)
    assert not is_plain_folder(array)
