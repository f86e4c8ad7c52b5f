from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from harness.datasets.formats.arrays import colour_labels, grey, read_array, read_grid
from harness.errors import DataError
from harness.model import Volume

ARRAY = np.arange(2 * 3 * 4 * 5, dtype=np.uint16).reshape(2, 3, 4, 5)


def _h5(path: Path, array: np.ndarray, spacing: tuple[float, ...] | None = None) -> Path:
    with h5py.File(path, "w") as file:
        file["raw"] = array
        if spacing:
            file["raw"].attrs["element_size_um"] = spacing
    return path


def test_spacing_comes_from_the_file(tmp_path: Path) -> None:
    path = _h5(tmp_path / "a.h5", ARRAY[0], (0.28, 0.13, 0.13))
    assert read_array(path, "raw").spacing_um == (0.28, 0.13, 0.13)
    assert read_array(path, spacing_um=(0.281, 0.13, 0.13)).spacing_um == (0.28, 0.13, 0.13)


def test_another_spacing_than_declared_names_both(tmp_path: Path) -> None:
    path = _h5(tmp_path / "a.h5", ARRAY[0], (0.28, 0.13, 0.13))
    with pytest.raises(
        DataError, match=r"a.h5: .*0.28 x 0.13 x 0.13 um, declared 0.28 x 0.26 x 0.26 um \(tolerance 1.0%\)"
    ):
        read_array(path, "raw", spacing_um=(0.28, 0.26, 0.26))
    assert read_array(path, spacing_um=(0.28, 0.26, 0.26), tolerance=0.5).spacing_um == (0.28, 0.13, 0.13)


def test_the_declared_spacing_counts_where_the_file_has_none(tmp_path: Path) -> None:
    path = _h5(tmp_path / "a.h5", ARRAY[0])
    assert read_array(path).spacing_um is None
    assert read_array(path, spacing_um=(2.0, 1.0, 1.0)).spacing_um == (2.0, 1.0, 1.0)


def test_axes_are_put_in_order(tmp_path: Path) -> None:
    metadata = {"axes": "ZCYX", "spacing": 0.3, "unit": "um"}
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, imagej=True, resolution=(10, 5), metadata=metadata)
    volume = read_array(tmp_path / "a.tif")
    assert (volume.axes, volume.array.shape) == ("CZYX", (3, 2, 4, 5))
    assert volume.spacing_um == pytest.approx((0.3, 0.2, 0.1))
    assert np.array_equal(volume.array[1, 0], ARRAY[0, 1])


def test_one_channel_is_selected(tmp_path: Path) -> None:
    path = _h5(tmp_path / "a.h5", ARRAY)
    volume = read_array(path, axes="CZYX", select={"C": 1}, region=[(1, 3), (0, 4), (2, 5)])
    assert volume.axes == "ZYX"
    assert np.array_equal(volume.array, ARRAY[1, 1:3, :, 2:5])
    assert read_grid(path, axes="CZYX", select={"C": 1}).shape == (3, 4, 5)


def test_singleton_axes_of_a_file_are_dropped(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.ome.tif", ARRAY[:1, :1], ome=True, metadata={"axes": "TCYX"})
    assert read_array(tmp_path / "a.ome.tif").axes == "YX"
    assert read_array(tmp_path / "a.ome.tif", axes="YX").array.shape == (4, 5)


def test_other_axes_than_declared_name_both(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", ARRAY[0], imagej=True, metadata={"axes": "TYX"})
    with pytest.raises(DataError, match=r"axes of the file are 'TYX' \(3, 4, 5\), declared 'ZYX'"):
        read_array(tmp_path / "a.tif", axes="ZYX")
    np.save(tmp_path / "a.npy", ARRAY[0, 0])
    with pytest.raises(DataError, match=r"shape \(4, 5\) does not fit the axes 'ZYX'"):
        read_array(tmp_path / "a.npy", axes="ZYX")
    np.save(tmp_path / "b.npy", ARRAY[0, 0, 0])
    with pytest.raises(DataError, match="does not fit"):
        read_array(tmp_path / "b.npy")


def test_regions_outside_are_errors(tmp_path: Path) -> None:
    path = _h5(tmp_path / "a.h5", ARRAY[0])
    with pytest.raises(DataError, match=r"\[0, 6\) lies outside axis X of size 5"):
        read_array(path, region=[(0, 3), (0, 4), (0, 6)])
    with pytest.raises(DataError, match="2 intervals for the axes 'ZYX'"):
        read_array(path, region=[(0, 3), (0, 4)])
    with pytest.raises(DataError, match="no axis 'C' to select from"):
        read_array(path, select={"C": 0})


def test_grey_is_luminance() -> None:
    colour = np.zeros((4, 1, 2), dtype=np.uint8)
    colour[0, 0, 0], colour[1, 0, 1] = 255, 255
    assert grey(Volume(colour, "CYX")).array.tolist() == [[76, 150]]
    same = np.broadcast_to(np.array([[7, 9]], dtype=np.uint8), (3, 1, 2))
    assert grey(Volume(same, "CYX")).array.tolist() == [[7, 9]]
    plain = Volume(colour[0], "YX")
    assert grey(plain) is plain
    with_alpha = Volume(colour[:2], "CYX")
    assert np.array_equal(grey(with_alpha).array, colour[0])


def test_colours_become_labels() -> None:
    colour = np.zeros((3, 1, 2), dtype=np.uint8)
    colour[:, 0, 1] = 1, 2, 3
    assert colour_labels(Path("a"), Volume(colour, "CYX")).array.tolist() == [[0, 0x010203]]
    with pytest.raises(DataError, match="need three 8-bit channels; found 3 of uint16"):
        colour_labels(Path("a"), Volume(colour.astype(np.uint16), "CYX"))
