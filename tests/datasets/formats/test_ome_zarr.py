from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.datasets.formats.ome_zarr import write_ome_zarr
from harness.datasets.formats.zarr import open_zarr
from harness.errors import DataError
from harness.model import Volume


@pytest.mark.parametrize("spacing", [(2.0, 0.5, 0.25), None])
def test_what_is_written_is_read_with_its_axes_and_spacing(tmp_path: Path, spacing: tuple[float, ...] | None) -> None:
    path = tmp_path / "deep" / "x.ome.zarr"
    image = Volume(np.arange(2 * 3 * 4 * 5, dtype=np.uint16).reshape(2, 3, 4, 5), "CZYX", spacing, ("a", "b"))
    labels = Volume(np.ones((3, 4, 5), np.uint32), "ZYX", spacing)
    mask = Volume(np.zeros((3, 4, 5), bool), "ZYX", spacing)
    write_ome_zarr(path, image, {"truth": labels, "mask": mask}, colours={"mask": {1: (255, 0, 0, 255)}})
    for key, expected in (("", image), ("labels/truth", labels), ("labels/mask", mask)):
        stored = open_zarr(path, key)
        assert (stored.axes, stored.spacing_um) == (expected.axes, spacing)
        np.testing.assert_array_equal(stored.read((slice(None),) * len(stored.shape)), expected.array)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is there already"):
        write_ome_zarr(tmp_path, Volume(np.zeros((2, 2)), "YX"), {})
