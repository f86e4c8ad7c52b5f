from __future__ import annotations

from pathlib import Path

import h5py
import imageio.v3 as imageio
import numpy as np
import pytest

from harness.datasets.formats import format_of, open_stored, reading
from harness.errors import DataError

ARRAY = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
ALL = (slice(None),) * 3


def test_formats_are_known_by_name(tmp_path: Path) -> None:
    names = {"a.tif": "TIFF", "a.TIFF": "TIFF", "a.png": "PNG", "a.npy": "NPY", "a.h5": "HDF5", "a.ome.zarr": "Zarr"}
    assert {name: format_of(tmp_path / name) for name in names} == names
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "zarr.json").touch()
    assert format_of(tmp_path / "plain") == "Zarr"
    with pytest.raises(DataError, match=r"unknown file format '.jpg'; accepted: .tif"):
        format_of(tmp_path / "a.jpg")


def test_npy_is_read_by_region(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ARRAY)
    with open_stored(tmp_path / "a.npy") as stored:
        assert (stored.shape, stored.dtype, stored.axes, stored.spacing_um) == ((2, 3, 4), np.uint16, "", None)
        assert np.array_equal(stored.read((slice(1, 2), *ALL[1:])), ARRAY[1:])


def test_hdf5_states_its_spacing(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw/noisy"] = ARRAY
        file["raw/noisy"].attrs["element_size_um"] = [0.25, 0.1, 0.1]
        file["plane"] = ARRAY[0]
        file["plane"].attrs["element_size_um"] = [0.25, 0.1, 0.2]
        file["label"] = ARRAY
        file["label"].attrs["element_size_um"] = [0, 0, 0]
    with open_stored(tmp_path / "a.h5", "raw/noisy") as stored:
        assert stored.spacing_um == (0.25, 0.1, 0.1)
        assert np.array_equal(stored.read(ALL), ARRAY)
    with open_stored(tmp_path / "a.h5", "plane") as stored:
        assert stored.spacing_um == (0.1, 0.2)
    with open_stored(tmp_path / "a.h5", "label") as stored:
        assert stored.spacing_um is None


def test_hdf5_keys(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw/noisy"] = ARRAY
    with open_stored(tmp_path / "a.h5") as stored:
        assert stored.shape == ARRAY.shape
    with (
        pytest.raises(DataError, match=r"no HDF5 dataset 'raw/nois'; did you mean 'raw/noisy'\?"),
        open_stored(tmp_path / "a.h5", "raw/nois"),
    ):
        pass
    with pytest.raises(DataError, match="no HDF5 dataset 'raw'"), open_stored(tmp_path / "a.h5", "raw"):
        pass
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["label"] = ARRAY
    with pytest.raises(DataError, match=r"as in a.h5:KEY: label, raw/noisy"), open_stored(tmp_path / "a.h5"):
        pass


def test_png_in_eight_and_sixteen_bits_and_colour(tmp_path: Path) -> None:
    for name, array, axes in (
        ("a.png", ARRAY[0].astype(np.uint8), "YX"),
        ("b.png", ARRAY[0] * 1000, "YX"),
        ("c.png", np.zeros((3, 4, 3), dtype=np.uint8), "YXC"),
    ):
        imageio.imwrite(tmp_path / name, array)
        with open_stored(tmp_path / name) as stored:
            assert (stored.axes, stored.dtype) == (axes, array.dtype)
            assert np.array_equal(stored.read((slice(None),) * array.ndim), array)


@pytest.mark.parametrize("name", ["a.npy", "a.h5", "a.png"])
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.95])
def test_truncated_files(tmp_path: Path, name: str, keep: float) -> None:
    path = tmp_path / name
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    if name == "a.npy":
        np.save(path, noise)
    elif name == "a.h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("a", data=noise, chunks=(16, 16), compression="gzip")
    else:
        imageio.imwrite(path, noise)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(DataError, match=f"{name}: truncated or not readable as"), open_stored(path) as stored:
        stored.read((slice(None),) * 2)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="not readable as NPY"), open_stored(tmp_path / "a.npy"):
        pass


def test_absent_files_and_needless_keys(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"), open_stored(tmp_path / "a.tif"):
        pass
    np.save(tmp_path / "a.npy", ARRAY)
    with pytest.raises(DataError, match="a NPY file has no key 'raw'"), open_stored(tmp_path / "a.npy", "raw"):
        pass


def test_reading_keeps_to_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught, reading(tmp_path / "a", "TIFF"):
        raise ValueError("first\n   second")
    assert str(caught.value).endswith("as TIFF: first second")
