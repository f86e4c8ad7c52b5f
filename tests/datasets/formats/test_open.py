from __future__ import annotations

import os
from pathlib import Path

import h5py
import imageio.v3 as imageio
import numpy as np
import pytest

from harness.datasets.formats.open import format_of, open_stored
from harness.errors import DataError

ARRAY = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)


def test_formats_are_known_by_name(tmp_path: Path) -> None:
    names = {"a.tif": "TIFF", "a.TIFF": "TIFF", "a.png": "PNG", "a.npy": "NPY", "a.h5": "HDF5", "a.ome.zarr": "Zarr"}
    assert {name: format_of(tmp_path / name) for name in names} == names
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "zarr.json").touch()
    assert format_of(tmp_path / "plain") == "Zarr"
    for name in (".jpg", ".n5"):
        with pytest.raises(DataError, match=f"unknown file format '{name}'; accepted: .tif"):
            format_of(tmp_path / f"a{name}")


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


def test_absent_files_and_needless_keys(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"), open_stored(tmp_path / "a.tif"):
        pass
    np.save(tmp_path / "a.npy", ARRAY)
    with pytest.raises(DataError, match="a NPY file has no key 'raw'"), open_stored(tmp_path / "a.npy", "raw"):
        pass


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.npy", "a.h5"])
def test_only_regular_files_are_opened(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match="a pipe, socket or device"), open_stored(tmp_path / name):
        pass
    (tmp_path / f"folder-{name}").mkdir()
    with pytest.raises(DataError, match="this is a folder"), open_stored(tmp_path / f"folder-{name}"):
        pass
