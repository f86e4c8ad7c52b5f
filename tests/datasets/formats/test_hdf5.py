from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.datasets.formats.open import open_stored
from harness.errors import DataError

ARRAY = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
ALL = (slice(None),) * 3


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
