from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from harness.datasets.formats.open import open_stored
from harness.datasets.formats.zarr import open_zarr
from harness.errors import DataError

ARRAY = np.arange(4 * 6 * 8, dtype=np.uint16).reshape(4, 6, 8)


def _ome(path: Path, zarr_format: int, *, unit: str | None = "micrometer", channel: bool = False) -> None:
    group = zarr.open_group(str(path), mode="w", zarr_format=zarr_format)  # type: ignore[arg-type]
    array = ARRAY[None] if channel else ARRAY
    for level, step in (("0", 1), ("1", 2)):
        group.create_array(level, data=np.ascontiguousarray(array[..., ::step, ::step]), chunks=array.shape)
    space = [{"name": axis, "type": "space", **({"unit": unit} if unit else {})} for axis in "zyx"]
    axes = [{"name": "c", "type": "channel"}, *space] if channel else space
    one = [1.0] if channel else []
    multiscale: dict[str, Any] = {
        "axes": axes,
        "datasets": [
            {"path": level, "coordinateTransformations": [{"type": "scale", "scale": [*one, 0.4, step, step]}]}
            for level, step in (("0", 0.1), ("1", 0.2))
        ],
        "coordinateTransformations": [{"type": "scale", "scale": [*one, 1.0, 2.0, 1.0]}],
    }
    if zarr_format == 2:
        group.attrs["multiscales"] = [{"version": "0.4", **multiscale}]
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscale]}


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_ome_zarr_states_axes_and_scale(tmp_path: Path, zarr_format: int) -> None:
    _ome(tmp_path / "a.zarr", zarr_format)
    stored = open_zarr(tmp_path / "a.zarr")
    assert stored.axes == "ZYX"
    assert stored.spacing_um == pytest.approx((0.4, 0.2, 0.1))
    assert np.array_equal(stored.read((slice(None),) * 3), ARRAY)
    assert open_zarr(tmp_path / "a.zarr", "1").spacing_um == pytest.approx((0.4, 0.4, 0.2))


def test_a_channel_axis(tmp_path: Path) -> None:
    _ome(tmp_path / "a.zarr", 3, channel=True)
    stored = open_zarr(tmp_path / "a.zarr")
    assert (stored.axes, stored.shape) == ("CZYX", (1, 4, 6, 8))
    assert stored.spacing_um == pytest.approx((0.4, 0.2, 0.1))


def test_units_are_needed(tmp_path: Path) -> None:
    _ome(tmp_path / "a.zarr", 3, unit=None)
    assert open_zarr(tmp_path / "a.zarr").spacing_um is None
    _ome(tmp_path / "b.zarr", 3, unit="nanometer")
    assert open_zarr(tmp_path / "b.zarr").spacing_um == pytest.approx((0.0004, 0.0002, 0.0001))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_plain_arrays_and_keys(tmp_path: Path, zarr_format: Any) -> None:
    zarr.save_array(str(tmp_path / "a.zarr"), ARRAY, zarr_format=zarr_format)
    assert open_zarr(tmp_path / "a.zarr").shape == ARRAY.shape
    with pytest.raises(DataError, match="it has no key 'x'"):
        open_zarr(tmp_path / "a.zarr", "x")
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w", zarr_format=zarr_format)
    group.create_array("volumes/gold", data=ARRAY)
    assert open_zarr(tmp_path / "g.zarr", "volumes/gold").shape == ARRAY.shape
    assert open_zarr(tmp_path / "g.zarr").shape == ARRAY.shape
    group.create_array("other", data=ARRAY)
    with pytest.raises(DataError, match=r"g.zarr:KEY: other, volumes/gold"):
        open_zarr(tmp_path / "g.zarr")
    with pytest.raises(DataError, match=r"no Zarr array 'volumes/golf'; did you mean 'volumes/gold'"):
        open_zarr(tmp_path / "g.zarr", "volumes/golf")


def test_axes_that_do_not_fit(tmp_path: Path) -> None:
    _ome(tmp_path / "a.zarr", 3)
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="a")
    ome = dict(group.attrs["ome"])  # type: ignore[arg-type]
    ome["multiscales"][0]["axes"] = ome["multiscales"][0]["axes"][1:]
    group.attrs["ome"] = ome
    with pytest.raises(DataError, match="axes 'YX' do not fit the shape"):
        open_zarr(tmp_path / "a.zarr")


@pytest.mark.parametrize("names", [["x", "y", "z"], ["channel", "row", "column"]])
@pytest.mark.parametrize("where", ["dimension_names", "_ARRAY_DIMENSIONS", "axes"])
def test_axes_that_an_array_names_itself(tmp_path: Path, where: str, names: list[str]) -> None:
    own = where == "dimension_names"
    options: dict[str, Any] = {"dimension_names": names} if own else {"attributes": {where: names}, "zarr_format": 2}
    zarr.create_array(str(tmp_path / "a.zarr"), data=ARRAY, **options)
    assert open_zarr(tmp_path / "a.zarr").axes == ("XYZ" if names[0] == "x" else "CYX")
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w", zarr_format=3 if own else 2)
    options.pop("zarr_format", None)
    group.create_array("labels", data=ARRAY, **options)
    assert open_zarr(tmp_path / "g.zarr", "labels").axes == ("XYZ" if names[0] == "x" else "CYX")


def test_images_of_early_versions_have_the_axes_of_ome(tmp_path: Path) -> None:
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=2)
    group.create_array("0", data=ARRAY[None, None])
    group.create_array("labels/flat/0", data=ARRAY)
    for node in (group, group["labels/flat"]):
        node.attrs["multiscales"] = [{"version": "0.2", "datasets": [{"path": "0"}]}]
    assert open_zarr(tmp_path / "a.zarr").axes == "TCZYX"
    assert open_zarr(tmp_path / "a.zarr", "labels/flat").axes == ""


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
def test_truncated_chunks(tmp_path: Path, compressed: bool, keep: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (32, 32), dtype=np.uint8)
    options = {} if compressed else {"compressors": None}
    zarr.create_array(str(tmp_path / "a.zarr"), data=noise, chunks=(16, 16), **options)  # type: ignore[arg-type]
    chunk = next(path for path in sorted((tmp_path / "a.zarr" / "c").rglob("*")) if path.is_file())
    chunk.write_bytes(chunk.read_bytes()[: int(chunk.stat().st_size * keep)])
    with (
        pytest.raises(DataError, match="truncated or not readable as Zarr"),
        open_stored(tmp_path / "a.zarr") as stored,
    ):
        stored.read((slice(None),) * 2)


def test_truncated_metadata(tmp_path: Path) -> None:
    zarr.save_array(str(tmp_path / "a.zarr"), ARRAY)
    metadata = tmp_path / "a.zarr" / "zarr.json"
    metadata.write_bytes(metadata.read_bytes()[:40])
    with pytest.raises(DataError, match="truncated or not readable as Zarr"):
        open_zarr(tmp_path / "a.zarr")


def test_no_zarr_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(DataError, match="not readable as Zarr"):
        open_zarr(tmp_path / "a.zarr")


def _multiscale(path: Path, **changed: Any) -> None:
    """Write an image whose description has some keys changed."""
    _ome(path, 2)
    group = zarr.open_group(str(path), mode="a")
    described: Any = dict(group.attrs)["multiscales"]
    described[0].update(changed)
    group.attrs["multiscales"] = described


@pytest.mark.parametrize("scale", [None, "x", [1.0], ["a", 1.0, 1.0], [0.0, 1.0, 1.0], [float("nan"), 1.0, 1.0], {}])
def test_a_scale_that_is_no_list_of_sizes_is_unknown(tmp_path: Path, scale: Any) -> None:
    step = {"type": "scale"} if scale == {} else {"type": "scale", "scale": scale}
    _multiscale(tmp_path / "a.zarr", coordinateTransformations=[step])
    stored = open_zarr(tmp_path / "a.zarr")
    assert (stored.axes, stored.spacing_um) == ("ZYX", None)


@pytest.mark.parametrize(
    "changed", [{"axes": 5}, {"datasets": []}, {"datasets": 5}, {"coordinateTransformations": [5]}]
)
def test_descriptions_that_say_nothing(tmp_path: Path, changed: dict[str, Any]) -> None:
    _multiscale(tmp_path / "a.zarr", **changed)
    with pytest.raises(DataError, match=r"a.zarr: truncated or not readable as (OME-)?Zarr"):
        open_zarr(tmp_path / "a.zarr")
