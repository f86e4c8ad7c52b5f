from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile

from harness.datasets.formats.open import open_stored
from harness.datasets.formats.stored_array import StoredArray
from harness.datasets.formats.tiff import open_tiff
from harness.errors import DataError
from tests.datasets.spread import ome_set

ARRAY = np.random.default_rng(1).integers(0, 65535, (6, 40, 50), dtype=np.uint16)


def _all(stored: StoredArray) -> np.ndarray:
    return stored.read((slice(None),) * len(stored.shape))


def test_plain_tiff_states_nothing(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, metadata=None)
    stored = open_tiff(tmp_path / "a.tif")
    assert (stored.axes, stored.spacing_um) == ("", None)
    assert np.array_equal(_all(stored), ARRAY)


def test_several_images_are_refused_and_not_the_first_of_them_read(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "planes.tif") as writer:
        for plane in ARRAY:
            writer.write(plane)
    with pytest.raises(DataError, match=r"planes.tif: the TIFF file holds 6 images \(40 x 50, 40 x 50, 40 x 50, .*…\)"):
        open_tiff(tmp_path / "planes.tif")
    with tifffile.TiffWriter(tmp_path / "small.tif") as writer:
        writer.write(ARRAY[0], metadata=None)
        writer.write(ARRAY[0, ::2, ::2], subfiletype=1, metadata=None)
    assert open_tiff(tmp_path / "small.tif").shape == (40, 50)


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


def test_a_set_of_files_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    ome_set(tmp_path, ARRAY)
    stored = open_tiff(tmp_path / "part0.ome.tif")
    assert stored.elsewhere == (tmp_path / "part1.ome.tif",)
    assert np.array_equal(_all(stored), ARRAY)
    (tmp_path / "part1.ome.tif").unlink()
    with pytest.raises(DataError, match=r"part0.ome.tif: .* set whose file 'part1.ome.tif' is not there"):
        open_tiff(tmp_path / "part0.ome.tif")


OME = (
    '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
    '<Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="50" SizeY="40" SizeZ="6" SizeC="1" SizeT="1">'
    "{planes}</Pixels></Image></OME>"
)


@pytest.mark.parametrize("planes", ["<TiffData/>", '<TiffData IFD="0" PlaneCount="6"/>', '<TiffData PlaneCount="4"/>'])
def test_planes_that_ome_metadata_state_and_no_page_holds(tmp_path: Path, planes: str) -> None:
    """They would read as zeros."""
    path = tmp_path / "a.ome.tif"
    said = OME.format(planes=planes)
    tifffile.imwrite(path, ARRAY[:4], photometric="minisblack", description=said, metadata=None, ome=False)
    with pytest.raises(DataError, match="its metadata state 6 planes, and 2 of them are in no file"):
        open_tiff(path)


def test_a_file_whose_planes_another_one_describes_is_not_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "part1.ome.tif"
    said = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<BinaryOnly MetadataFile="part0.ome.tif" UUID="urn:uuid:0"/></OME>'
    )
    tifffile.imwrite(path, ARRAY[:3], photometric="minisblack", description=said, metadata=None, ome=False)
    with pytest.raises(DataError, match=r"part of an OME-TIFF set that another file describes \('part0.ome.tif'\)"):
        open_tiff(path)


def test_a_renamed_file_knows_itself(tmp_path: Path) -> None:
    ome_set(tmp_path, ARRAY)
    (tmp_path / "part0.ome.tif").rename(tmp_path / "mine.ome.tif")
    assert open_tiff(tmp_path / "mine.ome.tif").elsewhere == (tmp_path / "part1.ome.tif",)


def test_pages_in_a_circle(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for plane in ARRAY[:3]:
            writer.write(plane, contiguous=False, metadata=None)
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    offset = first
    while offset:
        (entries,) = struct.unpack_from("<H", content, offset)
        link = offset + 2 + 12 * entries
        (offset,) = struct.unpack_from("<I", content, link)
    struct.pack_into("<I", content, link, first)
    path.write_bytes(content)
    with pytest.raises(DataError, match="runs in a circle"):
        open_tiff(path)


@pytest.mark.parametrize("spacing", ["0.5 um", "0,5", "NaN", "-1", "inf"])
def test_a_spacing_that_is_no_number_is_unknown(tmp_path: Path, spacing: str) -> None:
    text = f"ImageJ=1.53t\nimages=6\nslices=6\nunit=micron\nspacing={spacing}\n"
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for index, plane in enumerate(ARRAY):
            writer.write(plane, contiguous=False, metadata=None, resolution=(4, 4), description=None if index else text)
    stored = open_tiff(tmp_path / "a.tif")
    assert (stored.axes, stored.spacing_um) == ("ZYX", None)
    assert np.array_equal(_all(stored), ARRAY)


@pytest.mark.parametrize("size", ["", "0,25", "NaN", "INF", "0", "-1"])
def test_an_ome_size_that_is_no_number_is_unknown(tmp_path: Path, size: str) -> None:
    metadata = {"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 0.5}
    tifffile.imwrite(tmp_path / "a.ome.tif", ARRAY, ome=True, metadata=metadata)
    content = (tmp_path / "a.ome.tif").read_bytes()
    (tmp_path / "a.ome.tif").write_bytes(content.replace(b'SizeZ="0.5"', f'SizeZ="{size}"'.ljust(11).encode()))
    stored = open_tiff(tmp_path / "a.ome.tif")
    assert stored.spacing_um is None
    assert np.array_equal(_all(stored), ARRAY)


def test_a_text_of_imagej_that_does_not_fit_the_pages(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for index, plane in enumerate(ARRAY):
            text = None if index else "ImageJ=1.53t\nimages=7\nslices=7\nunit=micron\nspacing=0.5\n"
            writer.write(plane, contiguous=False, metadata=None, description=text)
    stored = open_tiff(tmp_path / "a.tif")
    assert (stored.axes, stored.spacing_um) == ("", None)
    assert np.array_equal(_all(stored), ARRAY)
