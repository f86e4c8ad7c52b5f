from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from harness.datasets.formats.open import open_stored
from harness.datasets.formats.stored_array import StoredArray
from harness.datasets.formats.tiff import open_tiff
from harness.errors import DataError

ARRAY = np.random.default_rng(1).integers(0, 65535, (6, 40, 50), dtype=np.uint16)


def _all(stored: StoredArray) -> np.ndarray:
    return stored.read((slice(None),) * len(stored.shape))


def test_plain_tiff_states_nothing(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, metadata=None)
    stored = open_tiff(tmp_path / "a.tif")
    assert (stored.axes, stored.spacing_um) == ("", None)
    assert np.array_equal(_all(stored), ARRAY)


def test_imagej_states_axes_and_spacing(tmp_path: Path) -> None:
    metadata = {"axes": "ZYX", "spacing": 0.28, "unit": "um"}
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, imagej=True, resolution=(1 / 0.13, 1 / 0.12), metadata=metadata)
    stored = open_tiff(tmp_path / "a.tif")
    assert stored.axes == "ZYX"
    assert stored.spacing_um == pytest.approx((0.28, 0.12, 0.13), rel=1e-4)


@pytest.mark.parametrize(("unit", "factor"), [("micron", 1.0), ("\\u00B5m", 1.0), ("nm", 1e-3), ("mm", 1e3)])
def test_imagej_units(tmp_path: Path, unit: str, factor: float) -> None:
    metadata = {"axes": "ZYX", "spacing": 2.0, "unit": unit}
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, imagej=True, resolution=(1.0, 1.0), metadata=metadata)
    assert open_tiff(tmp_path / "a.tif").spacing_um == pytest.approx((2 * factor, factor, factor))


@pytest.mark.parametrize("unit", ["pixel", "", "inch"])
def test_imagej_without_a_unit_of_length(tmp_path: Path, unit: str) -> None:
    metadata = {"axes": "ZYX", "spacing": 2.0, "unit": unit}
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, imagej=True, resolution=(1.0, 1.0), metadata=metadata)
    assert open_tiff(tmp_path / "a.tif").spacing_um is None


def test_ome_states_axes_and_spacing(tmp_path: Path) -> None:
    metadata = {
        "axes": "ZCYX",
        "PhysicalSizeX": 130.0,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.12,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 0.28,
    }
    tifffile.imwrite(tmp_path / "a.ome.tif", ARRAY.reshape(3, 2, 40, 50), ome=True, metadata=metadata)
    stored = open_tiff(tmp_path / "a.ome.tif")
    assert stored.axes == "ZCYX"
    assert stored.spacing_um == pytest.approx((0.28, 0.12, 0.13))


def test_resolution_tags_count_in_centimetres_only(tmp_path: Path) -> None:
    for unit, expected in (("CENTIMETER", (0.5, 0.25)), ("INCH", None), ("NONE", None)):
        tifffile.imwrite(
            tmp_path / "a.tif", ARRAY[0], resolution=(40000, 20000), resolutionunit=unit, metadata={"axes": "YX"}
        )
        stored = open_tiff(tmp_path / "a.tif")
        assert stored.axes == "YX"
        assert stored.spacing_um == (None if expected is None else pytest.approx(expected))


def test_colour_is_a_channel_axis(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((40, 50, 3), dtype=np.uint8), photometric="rgb")
    assert open_tiff(tmp_path / "a.tif").axes == "YXC"


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("metadata", ["imagej", "shaped", "none"])
@pytest.mark.parametrize("keep", [0.05, 0.5, 0.9, 0.999])
def test_truncated_files(tmp_path: Path, compression: str | None, metadata: str, keep: float) -> None:
    path = tmp_path / "a.tif"
    if metadata == "imagej":
        tifffile.imwrite(path, ARRAY, imagej=True, compression=compression)
    else:
        tifffile.imwrite(path, ARRAY, compression=compression, metadata={} if metadata == "shaped" else None)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(DataError, match=r"a.tif: .*TIFF"), open_stored(path) as stored:
        _all(stored)


def test_no_tiff_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"hello")
    with pytest.raises(DataError, match="truncated or not readable as TIFF"):
        open_tiff(tmp_path / "a.tif")
