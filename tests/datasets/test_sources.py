from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import imageio.v3 as imageio
import numpy as np
import pytest

from harness.datasets.declared.declaration import ArraySource
from harness.datasets.sources import StoredSource, merged
from harness.errors import DataError, LabelError

ARRAY = np.arange(2 * 3 * 4, dtype=np.uint16).reshape(2, 3, 4)


def _source(
    path: Path, spatial: str = "ZYX", drop_last: str = "", keys: tuple[str, ...] = (), **options: Any
) -> StoredSource:
    return StoredSource(path, keys, ArraySource.model_validate(options), spatial, (), 0.01, frozenset(drop_last))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    np.save(tmp_path / "a.npy", ARRAY)
    return tmp_path / "a.npy"


def test_mirrored_arrays(path: Path) -> None:
    source = _source(path, flip=["Y"])
    assert np.array_equal(source.read().array, ARRAY[:, ::-1])
    assert np.array_equal(source.read(crop=[(0, 2), (0, 2), (1, 4)]).array, ARRAY[:, ::-1][:, :2, 1:])


def test_a_dropped_plane_and_a_common_shape(path: Path) -> None:
    source = _source(path, drop_last="Z")
    assert source.shape() == (1, 3, 4)
    assert np.array_equal(source.read().array, ARRAY[:1])
    both = _source(path, drop_last="Z", flip=["Y"])
    assert np.array_equal(both.read(limit=(1, 2, 4)).array, ARRAY[:, ::-1][:1, :2])


def test_crops_outside_are_errors(path: Path) -> None:
    with pytest.raises(DataError, match=r"crop \[0, 2\) lies outside axis Z of size 1"):
        _source(path, drop_last="Z").read(crop=[(0, 2), (0, 3), (0, 4)])


def test_the_first_key_that_exists_is_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw/clear"] = ARRAY
    source = _source(tmp_path / "a.h5", keys=("raw/nuclei", "raw/clear"))
    assert np.array_equal(source.read().array, ARRAY)
    with pytest.raises(DataError, match="has none of the keys x, y"):
        _source(tmp_path / "a.h5", keys=("x", "y")).read()


def test_background_and_components(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[1, 5, 1, 7, 7]], dtype=np.uint8))
    labels = _source(tmp_path / "a.npy", "YX", background=1).read_labels()
    assert labels.array.tolist() == [[0, 5, 0, 7, 7]]
    labels = _source(tmp_path / "a.npy", "YX", background=1, components=True).read_labels(crop=[(0, 1), (2, 5)])
    assert labels.array.tolist() == [[0, 2, 2]]
    np.save(tmp_path / "b.npy", np.array([[1, 0]], dtype=np.uint8))
    with pytest.raises(DataError, match="background is declared as 1, but 0 occurs too"):
        _source(tmp_path / "b.npy", "YX", background=1).read_labels()


def test_splinters_of_the_whole_array_are_background(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[9, 0, 4, 4, 9], [9, 0, 4, 3, 0]], dtype=np.uint16))
    labels = _source(tmp_path / "a.npy", "YX", min_size=2).read_labels()
    assert labels.array.dtype == np.uint16
    assert labels.array.tolist() == [[9, 0, 4, 4, 9], [9, 0, 4, 0, 0]]
    part = _source(tmp_path / "a.npy", "YX", min_size=3).read_labels(crop=[(0, 2), (3, 5)])
    assert part.array.tolist() == [[4, 9], [0, 0]], "what a crop cuts off is no splinter"
    assert not _source(tmp_path / "a.npy", "YX", min_size=4).read_labels().array.any()


def test_labels_must_be_natural_numbers(tmp_path: Path) -> None:
    for array, message in ((np.array([[-1, 2]]), "must not be negative"), (np.array([[0.5]]), "found float64")):
        np.save(tmp_path / "a.npy", array)
        with pytest.raises(LabelError, match=message):
            _source(tmp_path / "a.npy", "YX").read_labels()


def test_colour_images(tmp_path: Path) -> None:
    colour = np.zeros((2, 3, 3), dtype=np.uint8)
    colour[0, 0] = 0, 1, 0
    imageio.imwrite(tmp_path / "a.png", colour)
    assert _source(tmp_path / "a.png", "YX", colour="labels").read_labels().array.tolist() == [[256, 0, 0], [0, 0, 0]]
    assert _source(tmp_path / "a.png", "YX", colour="grey").read(crop=[(0, 1), (0, 2)]).array.tolist() == [[1, 0]]
    imageio.imwrite(tmp_path / "b.png", colour[..., 0])
    assert _source(tmp_path / "b.png", "YX", colour="grey").read().array.shape == (2, 3)


def test_a_channel_that_nobody_selects(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ARRAY)
    with pytest.raises(DataError, match=r"axes are 'CYX', declared 'YX'|axes are 'YX'"):
        _source(tmp_path / "a.npy", "YX", axes="CYX").read_labels()


def test_overrides_change_what_they_set() -> None:
    base = ArraySource(file="a", flip=("Y",), key="k")
    changed = merged(base, ArraySource(flip=()))
    assert (changed.file, changed.key, changed.flip) == ("a", "k", ())
    assert merged(base, None) is base
