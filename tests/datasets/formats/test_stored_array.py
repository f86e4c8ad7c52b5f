from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.datasets.formats.stored_array import check_fits, check_kind, known_spacing, reading
from harness.errors import DataError


def test_reading_keeps_to_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught, reading(tmp_path / "a", "TIFF"):
        raise ValueError("first\n   second")
    assert str(caught.value).endswith("as TIFF: first second")


@pytest.mark.parametrize(
    ("sizes", "known"),
    [
        ([0.5, "0.25"], (0.5, 0.25)),
        ([0.5, "0,25"], None),
        ([0.5, None], None),
        (["NaN"], None),
        (["inf"], None),
        ([0], None),
        ([-1.0], None),
        ([10**400], None),
    ],
)
def test_spacings_are_positive_numbers_or_unknown(sizes: list[object], known: tuple[float, ...] | None) -> None:
    assert known_spacing(sizes) == known


def test_arrays_that_no_memory_holds(tmp_path: Path) -> None:
    check_fits(tmp_path, (100, 100), np.dtype("f8"))
    with pytest.raises(DataError, match=r"claims 10000 x 10000 x 10000 values of float64 \(8000 GB\)"):
        check_fits(tmp_path, (10**4, 10**4, 10**4), np.dtype("f8"))


def test_memory_that_gives_out_is_an_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not fit into memory"), reading(tmp_path, "TIFF"):
        raise MemoryError


@pytest.mark.parametrize("dtype", ["c16", "O", "S3", "U2"])
def test_values_must_be_real_numbers(tmp_path: Path, dtype: str) -> None:
    with pytest.raises(DataError, match="holds values of the type"):
        check_kind(tmp_path, np.dtype(dtype))
