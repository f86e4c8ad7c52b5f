from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import DataError
from harness.model import Volume
from harness.registry import stage_entry
from harness.stages.cellpose import sam
from tests.stages.stardist.helpers import context


class _Predictor:
    """Records what version 4 is asked, and returns one mask."""

    def __init__(self, **given: Any) -> None:
        self.given = given
        self.asked: dict[str, Any] = {}

    def eval(self, image: np.ndarray, **asked: Any) -> tuple[np.ndarray, None, None]:
        self.asked = {"shape": image.shape, **asked}
        return np.ones(image.shape[:-1], np.uint16), None, None


@pytest.fixture
def version_4(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    models = types.ModuleType("cellpose.models")
    models.CellposeModel = _Predictor  # type: ignore[attr-defined]
    package = types.ModuleType("cellpose")
    package.models = models  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cellpose", package)
    monkeypatch.setitem(sys.modules, "cellpose.models", models)


@pytest.mark.usefixtures("version_4")
def test_checkpoint_goes_to_the_library_by_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no checkpoint"):
        sam.CellposeSAM().load(context(tmp_path, (8, 8)))
    weights = tmp_path / "cpsam"
    weights.write_bytes(b"x")
    stage = sam.CellposeSAM({"half_precision": False})
    stage.load(context(tmp_path, (8, 8), weights={"weights": weights}))
    assert stage.model.given["pretrained_model"] == str(weights)
    assert stage.model.given["use_bfloat16"] is False


@pytest.mark.usefixtures("version_4")
@pytest.mark.parametrize(
    ("options", "shape", "axes", "expected"),
    [
        ({}, (8, 9), "YX", {"shape": (8, 9, 1), "z_axis": None, "do_3D": False, "stitch_threshold": 0.0}),
        ({}, (2, 8, 9), "CYX", {"shape": (8, 9, 2), "z_axis": None, "do_3D": False}),
        ({}, (1, 8, 9), "ZYX", {"shape": (8, 9, 1), "z_axis": None, "stitch_threshold": 0.0}),
        ({}, (4, 8, 9), "ZYX", {"shape": (4, 8, 9, 1), "z_axis": 0, "do_3D": False, "stitch_threshold": 0.9}),
        ({"mode": "3d"}, (4, 8, 9), "ZYX", {"do_3D": True, "anisotropy": 2.0, "stitch_threshold": 0.0}),
    ],
)
def test_what_the_library_is_asked(
    tmp_path: Path, options: dict[str, Any], shape: tuple[int, ...], axes: str, expected: dict[str, Any]
) -> None:
    weights = tmp_path / "cpsam"
    weights.write_bytes(b"x")
    stage = sam.CellposeSAM(options)
    here = context(tmp_path, shape, weights={"weights": weights})
    stage.load(here)
    image = Volume(np.zeros(shape, np.float32), axes, (2.0, 1.0, 1.0) if "Z" in axes else None)
    labels = stage.run({"image": image}, here)
    assert labels.array.shape == image.grid.shape
    assert labels.array.dtype == np.uint32
    assert {name: stage.model.asked[name] for name in expected} == expected


@pytest.mark.usefixtures("version_4")
def test_four_channels_are_too_many(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 4 channels; accepted: 1 to 3"):
        sam.CellposeSAM().run({"image": Volume(np.zeros((4, 8, 8)), "CYX")}, context(tmp_path, (8, 8)))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Iterator[Path]:
    """A network of the real library with random weights, whose last bias makes one object of every 8x8 pixels."""
    reason = stage_entry(sam.CellposeSAM, "here").reason
    if reason:
        pytest.skip(reason)
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = pytest.importorskip("cellpose.vit", reason="this Cellpose 4 names its network otherwise").CPSAM()
    offset = torch.stack(torch.meshgrid(torch.arange(8.0) - 3.5, torch.arange(8.0) - 3.5, indexing="ij"))
    inside = torch.where(offset.abs().amax(0) < 3, 10.0, -10.0)
    network.out.bias.data = torch.cat([-5 * offset / offset.norm(dim=0), inside[None]]).flatten()
    path = tmp_path / "cpsam"
    network.save_model(path)
    yield path
    path.unlink()  # 1.2 GB


@pytest.mark.slow
def test_a_network_of_the_real_library_makes_its_objects(tmp_path: Path, checkpoint: Path) -> None:
    stage = sam.CellposeSAM({"flow_threshold": 0.0})
    here = context(tmp_path, (64, 64), weights={"weights": checkpoint})
    stage.load(here)
    image = np.random.default_rng(1).random((64, 64), np.float32)
    labels = stage.run({"image": Volume(image, "YX")}, here).array
    assert labels.dtype == np.uint32
    assert np.bincount(labels.ravel()).tolist() == [64 * (8 * 8 - 6 * 6), *[6 * 6] * 64]
    first = labels[:8, :8]
    assert (first[1:7, 1:7] == first[1, 1]).all()
