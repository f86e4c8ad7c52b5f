from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from harness.bundles import open_container, read_manifest, read_submitted
from harness.errors import DataError
from harness.model import Grid


def test_labels_come_on_the_grid_of_the_image(bundle: Path) -> None:
    with open_container(bundle) as container:
        (entry, _) = read_manifest(container).samples
        grid = Grid("YX", (48, 48), (0.3, 0.3))
        volume = read_submitted(container, entry, grid)
        assert volume.grid == grid
        assert volume.array.dtype == np.uint8
        assert volume.array.max() > 3
        with pytest.raises(DataError, match=r"have axes YX and shape \(48, 48\); the image has YX \(48, 49\)"):
            read_submitted(container, entry, dataclasses.replace(grid, shape=(48, 49)))


def test_a_chunk_of_background_need_not_be_there(bundle: Path) -> None:
    with open_container(bundle) as container:
        (entry, _) = read_manifest(container).samples
        files = {name: value for name, value in entry.files.items() if "/c/" not in name}
        empty = read_submitted(container, entry.model_copy(update={"files": files}), Grid("YX", (48, 48)))
    assert not empty.array.any()
