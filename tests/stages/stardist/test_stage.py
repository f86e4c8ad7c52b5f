from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import ChainError, DataError, ParameterError
from harness.model import Volume
from harness.stages.contract import Example
from harness.stages.stardist.plane import StarDist2D
from harness.stages.stardist.volume import StarDist3D
from tests.stages.stardist.helpers import blobs, context

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
    image, truth = example.inputs["image"].array.astype(np.float32), example.truth.array
    if fault == "no object":
        truth = np.zeros_like(truth)
    else:
        image[0, 0] = np.nan
    broken = Example({"image": Volume(image, "YX")}, Volume(truth, "YX"))
    model = tmp_path / "model"
    model.mkdir()
    with pytest.raises(DataError, match="no foreground" if fault == "no object" else r"finite|NaN"):
        StarDist2D({"patch": [32, 32]}).fit([broken], [], context(tmp_path, SHAPE), model)
