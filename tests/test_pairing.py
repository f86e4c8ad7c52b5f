from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import DataError
from harness.pairing import name_of, pair_folders


def _fill(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("file", "name"),
    [("a.tif", "a"), ("a.b.OME.TIFF", "a.b"), ("x.ome.zarr", "x"), ("x.h5", "x"), (".a.tif", None), ("a.txt", None)],
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


def test_folders_with_nothing_in_common(tmp_path: Path) -> None:
    predictions, truths = _fill(tmp_path / "p", "a.tif"), _fill(tmp_path / "t")
    with pytest.raises(DataError, match=r"no label image of one has the name .* found 1 \(a\) and none"):
        pair_folders(predictions, truths)
    with pytest.raises(DataError, match="cannot be read"):
        pair_folders(predictions, tmp_path / "absent")
