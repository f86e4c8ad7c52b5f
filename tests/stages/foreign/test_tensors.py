"""Sizes that descriptions accept, and how images are cut for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import DataError
from harness.model import Grid
from harness.stages.foreign.package import open_package
from harness.stages.foreign.tensors import layout_of, tiles_of
from harness.stages.nets.tiling import Tiling
from tests.stages.foreign.models import package

pytest.importorskip("bioimageio.core", reason="bioimageio.core is not installed")
pytest.importorskip("torch", reason="torch is not installed")


def tiling(folder: Path, shape: tuple[int, int], largest: int = 1024, **given: Any) -> Tiling:
    found = open_package(package(folder, **given), "auto", "here", allow_code=False)
    layout = layout_of(found, found.output(""), Grid("YX", shape), 1)
    assert layout.axes == ("batch", "channel", "y", "x")
    return tiles_of(found, layout, shape, largest)


def test_a_stated_size_is_kept(tmp_path: Path) -> None:
    plan = tiling(tmp_path / "m", (70, 20), size=32, halo=2)
    assert plan.tile_shape == (32, 32)
    assert plan.starts == ((0, 28, 56), (0,))


def test_a_free_size_holds_the_image_and_its_halo(tmp_path: Path) -> None:
    size = {"min": 16, "step": 8}
    assert tiling(tmp_path / "a", (70, 20), size=size, halo=2).tile_shape == (80, 24)
    small = tiling(tmp_path / "b", (70, 20), largest=40, size=size, halo=2)
    assert small.tile_shape == (40, 24)
    assert small.starts == ((0, 36), (0,))


def test_a_halo_that_leaves_nothing_is_refused_by_the_format(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is no valid description: .*size 32 is too small for halo 16"):
        tiling(tmp_path / "m", (70, 20), size=32, halo=16)
