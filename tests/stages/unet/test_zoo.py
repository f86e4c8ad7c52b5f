"""Published networks run as their weights are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import ChainError, DataError
from harness.model import Grid, Volume
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context
from harness.stages.nets.build import build_network
from harness.stages.nets.checkpoints import save_model
from harness.stages.nets.networks import NetworkSpec
from harness.stages.unet.stage import UNetStage
from harness.stages.unet.zoo import UNetZoo

SHAPE = (16, 24, 24)


def weights(folder: Path, **spec: Any) -> Path:
    folder.mkdir(exist_ok=True)
    made = NetworkSpec(**{"f_maps": (8, 16, 32), "out_channels": 1, **spec})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_model(folder, made, build_network(made), notes={})
    return folder


def made(folder: Path, stage: UNetStage, shape: tuple[int, ...] = SHAPE) -> Volume:
    volume = Volume(np.random.default_rng(0).random(shape).astype(np.float32), "ZYX"[-len(shape) :])
    context = Context(Grid(volume.axes, shape), seed=0, scratch=folder, weights={"weights": folder})
    stage.load(context)
    slot = stage.makes()[0]
    value = checked_outputs(stage, {"image": volume}, stage.run({"image": volume}, context), volume.grid)[slot]
    assert isinstance(value, Volume)
    return value


@pytest.mark.parametrize("spec", [{}, {"order": "bcr"}, {"order": "cr"}, {"kind": "residual-unet"}, {"f_maps": (4, 4)}])
def test_any_shape_is_what_the_stage_of_that_shape_gives(tmp_path: Path, spec: dict[str, Any]) -> None:
    folder = weights(tmp_path / "w", **spec)
    found = made(folder, UNetZoo({"weights": str(folder), "outputs": ["boundary"]}))
    given = NetworkSpec(**{"f_maps": (8, 16, 32), **spec})
    told = {"f_maps": list(given.f_maps), "layer_order": given.order, "architecture": given.kind}
    plain = made(folder, UNetStage({"weights": str(folder), "outputs": ["boundary"], **told}))
    np.testing.assert_array_equal(found.array, plain.array)
    assert found.channels == ("boundary",)


def test_the_first_channel_as_what_it_is(tmp_path: Path) -> None:
    for channels in (1, 2):
        folder = weights(tmp_path / f"w{channels}", out_channels=channels)
        one = made(folder, UNetZoo({"weights": str(folder), "slot": "foreground"}))
        assert (one.axes, one.array.shape) == ("ZYX", SHAPE)
    np.testing.assert_array_equal(one.array, made(folder, UNetZoo({"weights": str(folder)})).array[0])


def test_planes_of_a_2d_network(tmp_path: Path) -> None:
    folder = weights(tmp_path / "w", ndim=2)
    options = {"weights": str(folder), "outputs": ["boundary"], "plane_wise": True}
    assert made(folder, UNetZoo(options)).array.shape == (1, *SHAPE)
    with pytest.raises(
        DataError, match="a 2D network for a 3D image; accepted: the same, or a 2D network with plane_wise"
    ):
        made(folder, UNetZoo({**options, "plane_wise": False}))


def test_what_is_refused(tmp_path: Path) -> None:
    folder = weights(tmp_path / "w")
    with pytest.raises(
        DataError, match=r"has 1 output channels, 'outputs' names 2 .foreground, boundary.; accepted: a name"
    ):
        made(folder, UNetZoo({"weights": str(folder)}))
    torch.save({"other": torch.zeros(2)}, folder / "weights.pt")
    with pytest.raises(DataError, match="holds no U-Net of the pytorch-3dunet family"):
        made(folder, UNetZoo({"weights": str(folder)}))
    context = Context(Grid("YX", (8, 8)), seed=0, scratch=tmp_path)
    with pytest.raises(DataError, match="'weights' is empty"):
        UNetZoo({}).load(context)
    assert not UNetZoo({}).trains()
    with pytest.raises(ChainError, match="does not train"):
        UNetZoo({}).fit([], [], context, tmp_path)
