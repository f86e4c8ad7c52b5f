from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import ChainError, DataError, ParameterError
from harness.model import Volume
from harness.stages.contract import Example
from harness.stages.stardist.plane import StarDist2D
from harness.stages.stardist.volume import StarDist3D
from tests.stages.stardist.helpers import blobs, context, labels_of

SHAPE = (64, 64)


def test_given_weights_are_not_trained() -> None:
    assert StarDist2D().trains()
    assert not StarDist2D({"weights": "some-model"}).trains()


def test_a_stage_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match="no model: fit it or give 'weights'"):
        StarDist2D().load(context(tmp_path, SHAPE))


def test_grid_must_be_powers_of_two() -> None:
    with pytest.raises(ParameterError, match="grid"):
        StarDist3D({"grid": [1, 3, 3]})


@pytest.mark.parametrize("fault", ["no object", "not finite"])
def test_examples_that_cannot_train(tmp_path: Path, fault: str) -> None:
    example = blobs(SHAPE, (8.0, 8.0), 4, seed=1)
    image, truth = example.inputs["image"].array.astype(np.float32), example.targets["truth"].array
    if fault == "no object":
        truth = np.zeros_like(truth)
    else:
        image[0, 0] = np.nan
    broken = Example({"image": Volume(image, "YX")}, {"truth": Volume(truth, "YX")})
    model = tmp_path / "model"
    model.mkdir()
    with pytest.raises(DataError, match="no foreground" if fault == "no object" else r"finite|NaN"):
        StarDist2D({"patch": [32, 32]}).fit([broken], [], context(tmp_path, SHAPE), model)


def test_one_object_is_enough_and_images_must_fit_the_model(tmp_path: Path) -> None:
    example = blobs(SHAPE, (9.0, 9.0), 1, seed=2)
    model = tmp_path / "model"
    model.mkdir()
    small = {"patch": [32, 32], "filters": 2, "depth": 1, "n_rays": 8, "net_conv_after": 4, "steps": 1, "search": 2}
    stage = StarDist2D(small)
    stage.fit([example], [example], context(tmp_path, SHAPE), model)
    stage.load(context(tmp_path, SHAPE, model=model))
    here = context(tmp_path, SHAPE)
    assert labels_of(stage, example.inputs, here).array.shape == SHAPE
    image = example.inputs["image"].array.astype(np.float32)
    for array, axes, message in (
        (np.full(SHAPE, np.nan, np.float32), "YX", "4096 of 4096 image values are NaN"),
        (np.stack([image, image]), "CYX", "axes YX and 2 channels; the model accepts YX with 1"),
        (image[np.newaxis], "ZYX", "axes ZYX and 1 channels; the model accepts YX with 1"),
    ):
        with pytest.raises(DataError, match=message):
            stage.run({"image": Volume(array, axes)}, here)
