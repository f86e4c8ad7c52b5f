from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("stardist")

from harness.errors import ChainError
from harness.stages.stardist.volume import StarDist3D
from tests.stages.stardist.helpers import average_precision, blobs, context, folder, labels_of

pytestmark = pytest.mark.slow

SHAPE = (24, 48, 48)
SMALL = {
    "grid": [1, 2, 2],
    "n_rays": 32,
    "filters": 8,
    "net_conv_after": 32,
    "patch": [16, 24, 24],
    "batch": 2,
    "learning_rate": 2e-3,
    "steps": 300,
    "steps_per_epoch": 50,
    "val_patches": 4,
    "search": 6,
}


@pytest.mark.parametrize(
    "network", [{"backbone": "unet", "depth": 1}, {"backbone": "resnet", "blocks": 2, "convs_per_block": 2}]
)
def test_learns_ellipsoids(tmp_path: Path, network: dict[str, object]) -> None:
    stage, model = StarDist3D({**SMALL, **network}), folder(tmp_path, "model")
    learn, watch, test = (blobs(SHAPE, (5, 9, 9), 6, seed) for seed in (1, 2, 3))
    stage.fit([learn], [watch], context(tmp_path, SHAPE), model)
    record = json.loads((model / "training.json").read_text())
    assert record["anisotropy"][0] > 1.3
    stage.load(context(tmp_path, SHAPE, model=model))
    labels = labels_of(stage, test.inputs, context(tmp_path, SHAPE))
    assert average_precision(test.targets["truth"].array, labels.array) > 0.5

    given = StarDist3D({**SMALL, "backbone": network["backbone"], "weights": "x"})
    weights = context(tmp_path, SHAPE, weights={"weights": model})
    given.load(weights)
    assert np.array_equal(labels_of(given, test.inputs, weights).array, labels.array)


def test_training_is_bit_reproducible(tmp_path: Path) -> None:
    options = {**SMALL, "backbone": "resnet", "blocks": 2, "steps": 4, "steps_per_epoch": 2, "search": 0,
               "patch": [16, 16, 16], "augmenter": "isotropic-3d"}  # fmt: skip
    for name in ("a", "b"):
        StarDist3D(options).fit([blobs(SHAPE, (5, 9, 9), 6, 1)], [], context(tmp_path, SHAPE), folder(tmp_path, name))
    assert (tmp_path / "a" / "weights_best.h5").read_bytes() == (tmp_path / "b" / "weights_best.h5").read_bytes()


def test_run_before_fit(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match="fit it or give 'weights'"):
        StarDist3D().load(context(tmp_path, SHAPE))
