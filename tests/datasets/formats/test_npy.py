from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.datasets.formats.open import open_stored
from harness.errors import DataError

ARRAY = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
ALL = (slice(None),) * 3


def test_npy_is_read_by_region(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ARRAY)
    with open_stored(tmp_path / "a.npy") as stored:
        assert (stored.shape, stored.dtype, stored.axes, stored.spacing_um) == ((2, 3, 4), np.uint16, "", None)
        assert stored.is_read_by_region
        assert np.array_equal(stored.read((slice(1, 2), *ALL[1:])), ARRAY[1:])


def test_masks_of_cellpose_are_an_array(tmp_path: Path) -> None:
    np.save(tmp_path / "a_seg.npy", {"masks": ARRAY, "filename": "a.png"})  # type: ignore[arg-type]
    with open_stored(tmp_path / "a_seg.npy") as stored:
        assert (stored.shape, stored.dtype) == ((2, 3, 4), np.uint16)
        assert not stored.is_read_by_region, "each region would build all that is pickled"
        assert np.array_equal(stored.read((slice(1, 2), *ALL[1:])), ARRAY[1:])


def test_other_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with (
        pytest.raises(DataError, match=r"Python objects that are no Cellpose _seg.npy"),
        open_stored(tmp_path / "a.npy"),
    ):
        pass


@pytest.mark.parametrize("old", [b"'fortran_order'", b"', 'fortran", b"(2, 3, 4)"])
def test_damaged_headers(tmp_path: Path, old: bytes) -> None:
    np.save(tmp_path / "a.npy", ARRAY)
    content = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(content.replace(old, b"(" * len(old), 1))
    with pytest.raises(DataError, match=r"a.npy: truncated or not readable as NPY"), open_stored(tmp_path / "a.npy"):
        pass
