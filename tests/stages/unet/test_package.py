"""A trained U-Net as a package that the library of the format runs, and that `unet` reads too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from harness.hashing import hash_folder
from harness.model import Grid, Volume
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context
from harness.stages.unet.package import UNetPackage
from harness.stages.unet.stage import UNetStage
from tests.stages.unet.test_stage import TINY, example

pytest.importorskip("torch", reason="torch is not installed")


def packed(folder: Path, shape: tuple[int, ...]) -> Path:
    folder.mkdir()
    one = example(shape)
    context = Context(Grid("ZYX"[-len(shape) :], shape), seed=5, scratch=folder)
    UNetPackage(TINY).fit([one], [one], context, folder)
    return folder


@pytest.mark.parametrize("shape", [(64, 80), (20, 24, 28)])
def test_the_library_runs_it_and_its_test_tensors_are_its_own(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pytest.importorskip("bioimageio.core", reason="bioimageio.core is not installed")
    from harness.stages.foreign.stage import BioImageIo

    folder = packed(tmp_path / "m", shape)
    facts: dict[str, float] = {}
    volume = example(shape, seed=1).inputs["image"]
    volume = Volume(volume.array, volume.axes, (0.5,) * len(shape))
    context = Context(
        volume.grid, seed=0, scratch=tmp_path, weights={"model": folder, "weights": folder}, report=facts.__setitem__
    )
    stage = BioImageIo({"model": str(folder), "slot": "probability"})
    stage.load(context)
    made = checked_outputs(stage, {"image": volume}, stage.run({"image": volume}, context), volume.grid)["probability"]
    assert isinstance(made, Volume)
    assert facts["test_difference"] < 1e-5
    own = UNetStage({**TINY, "weights": str(folder), "predict_patch": [8], "halo": []})
    own.load(context)
    assert made.array.shape == own.run({"image": volume}, context).array.shape == (2, *shape)


def test_equal_trainings_leave_equal_descriptions(tmp_path: Path) -> None:
    first, second = packed(tmp_path / "a", (64, 64)), packed(tmp_path / "b", (64, 64))
    for name in ("test_input.npy", "test_output.npy", "weights.pt"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    described = yaml.safe_load((first / "bioimageio.yaml").read_text())
    assert described["inputs"][0]["axes"][-1] == {"type": "space", "id": "x", "size": {"min": 52, "step": 4}}
    assert described["outputs"][0]["axes"][1]["channel_names"] == ["foreground", "boundary"]
    assert np.load(first / "test_output.npy").shape == (1, 2, 64, 64)
    assert hash_folder(first)
