"""The size of a voxel of two files: given, stated by one or both, or by none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from harness.cli.spacing import spacing_of
from harness.errors import LabelError

LABELS = np.ones((3, 4), np.uint8)


def tiff(path: Path, pixel_um: float | None) -> str:
    """A TIFF as ImageJ writes it, with the size of a pixel if there is one."""
    stated = {} if pixel_um is None else {"resolution": (1 / pixel_um, 1 / pixel_um), "metadata": {"unit": "um"}}
    tifffile.imwrite(path, LABELS, imagej=True, **stated)
    return str(path)


def test_what_is_given_counts_whatever_the_files_state(tmp_path: Path) -> None:
    one, two = tiff(tmp_path / "a.tif", 0.5), tiff(tmp_path / "b.tif", 0.25)
    assert spacing_of(one, two, ["1", "2.0"], axes=2, needed=True) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("sizes", "found"), [((0.5, 0.5), 0.5), ((0.5, None), 0.5), ((None, 0.5), 0.5), ((None, None), None)]
)
def test_one_file_that_states_it_is_enough(
    tmp_path: Path, sizes: tuple[float | None, float | None], found: float | None
) -> None:
    one, two = tiff(tmp_path / "a.tif", sizes[0]), tiff(tmp_path / "b.tif", sizes[1])
    spacing = spacing_of(one, two, None, axes=2, needed=True)
    assert spacing == (None if found is None else pytest.approx((found, found), rel=1e-6))


def test_files_that_disagree_are_refused(tmp_path: Path) -> None:
    one, two = tiff(tmp_path / "a.tif", 0.5), tiff(tmp_path / "b.tif", 0.25)
    with pytest.raises(
        LabelError, match=r"different sizes of a voxel \(.*a.tif: 0.5 x 0.5 um, .*b.tif: 0.25 x 0.25 um"
    ):
        spacing_of(one, two, None, axes=2, needed=True)


def test_files_are_not_asked_where_nobody_needs_it() -> None:
    assert spacing_of("nowhere.tif", "nowhere.tif", None, axes=2, needed=False) is None


@pytest.mark.parametrize("given", [["0", "1"], ["-1", "1"], ["1"], ["1", "1", "1"], ["one", "1"], ["nan", "1"]])
def test_what_is_no_size_is_refused(given: list[str]) -> None:
    with pytest.raises(LabelError, match="the spacing"):
        spacing_of("nowhere.tif", "nowhere.tif", given, axes=2, needed=False)
