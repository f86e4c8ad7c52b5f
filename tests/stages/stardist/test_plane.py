from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("stardist")

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Example
from harness.stages.stardist.plane import StarDist2D
from tests.stages.stardist.helpers import average_precision, blobs, context, folder, labels_of

pytestmark = pytest.mark.slow

SHAPE = (128, 128)
SMALL = {
    "filters": 8, "depth": 2, "net_conv_after": 32, "n_rays": 16, "patch": [64, 64], "batch": 4,
    "learning_rate": 3e-3, "steps": 120, "steps_per_epoch": 20,
}  # fmt: skip
TINY = {**SMALL, "steps": 4, "steps_per_epoch": 2, "search": 0}


def _discs(seed: int) -> Example:
    return blobs(SHAPE, (9, 9), 12, seed)


def test_learns_discs_and_reloads_as_weights(tmp_path: Path) -> None:
    stage, model, test = StarDist2D(SMALL), folder(tmp_path, "model"), _discs(99)
    lines: list[str] = []
    stage.fit([_discs(1), _discs(2)], [_discs(3)], context(tmp_path, SHAPE, log=lines.append), model)
    stage.load(context(tmp_path, SHAPE, model=model))
    labels = labels_of(stage, test.inputs, context(tmp_path, SHAPE, model=model))
    assert labels.array.dtype == np.uint32
    assert average_precision(test.targets["truth"].array, labels.array) > 0.5
    assert len(lines) == 6
    assert lines[-1].startswith("epoch 6: loss")
    record = json.loads((model / "training.json").read_text())
    assert record["thresholds"]["source"] == "searched on 1 validation examples"

    given = StarDist2D({"weights": "somewhere", "n_rays": 16})
    weights = context(tmp_path, SHAPE, weights={"weights": model})
    given.load(weights)
    assert np.array_equal(labels_of(given, test.inputs, weights).array, labels.array)


def test_training_is_bit_reproducible_and_depends_on_the_seed(tmp_path: Path) -> None:
    written = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        model = folder(tmp_path, name)
        StarDist2D(TINY).fit([_discs(1), _discs(2)], [], context(tmp_path, SHAPE, seed=seed), model)
        written.append((model / "weights_best.h5").read_bytes())
    assert written[0] == written[1]
    assert written[0] != written[2]
    record = json.loads((tmp_path / "a" / "training.json").read_text())
    assert record["validation"].startswith("none: schedule and checkpoint follow")
    assert record["thresholds"]["source"] == "library defaults: not searched"


def test_what_is_ignored_changes_what_is_taught_whatever_it_is_labelled(tmp_path: Path) -> None:
    one = _discs(1)
    mask = np.zeros(SHAPE, bool)
    mask[:, :40] = True
    labels = one.targets["truth"].array
    wrong = Volume(np.where(mask, 200, labels).astype(labels.dtype), "YX")
    ignored = Volume(mask, "YX")
    told = {
        "plain": one,
        "ignored": replace(one, ignored=ignored),
        "ignored and wrong": replace(one, targets={"truth": wrong}, ignored=ignored),
    }
    written = {}
    for name, example in told.items():
        model = folder(tmp_path, name)
        StarDist2D({**TINY, "search": 4}).fit([example], [example], context(tmp_path, SHAPE), model)
        written[name] = (model / "weights_best.h5").read_bytes()
    assert written["ignored"] == written["ignored and wrong"] != written["plain"]
    nothing = replace(one, targets={"truth": Volume(np.where(mask, labels, 0), "YX")}, ignored=ignored)
    with pytest.raises(DataError, match="no foreground"):
        StarDist2D(TINY).fit([nothing], [], context(tmp_path, SHAPE), folder(tmp_path, "nothing"))


def test_bad_examples(tmp_path: Path) -> None:
    model, empty = folder(tmp_path, "model"), _discs(1)
    nothing = Example(empty.inputs, {"truth": Volume(np.zeros(SHAPE, np.uint8), "YX")})
    with pytest.raises(DataError, match="stage 'stardist-2d': no foreground"):
        StarDist2D(TINY).fit([nothing], [], context(tmp_path, SHAPE), model)
    with pytest.raises(DataError, match=r"sides \[128, 128\]; accepted: at most \[128, 128\]"):
        StarDist2D({**TINY, "patch": [256, 256]}).fit([empty], [], context(tmp_path, SHAPE), model)
    noisy = np.full(SHAPE, np.nan, np.float32)
    with pytest.raises(DataError, match="example 1: 16384 of 16384 image values are NaN"):
        StarDist2D(TINY).fit(
            [Example({"image": Volume(noisy, "YX")}, empty.targets)], [], context(tmp_path, SHAPE), model
        )


def test_two_channels_one_object_and_the_wrong_number_of_channels(tmp_path: Path) -> None:
    model, one = folder(tmp_path, "model"), blobs(SHAPE, (9, 9), 1, 5)
    plane = one.inputs["image"].array
    both = Volume(np.stack([plane, plane]), "CYX", None, ("a", "b"))
    stage = StarDist2D(TINY)
    stage.fit([Example({"image": both}, one.targets)], [], context(tmp_path, SHAPE), model)
    stage.load(context(tmp_path, SHAPE, model=model))
    assert labels_of(stage, {"image": both}, context(tmp_path, SHAPE)).grid.shape == SHAPE
    with pytest.raises(DataError, match="axes YX and 1 channels; the model accepts YX with 2"):
        stage.run(one.inputs, context(tmp_path, SHAPE))


def test_weights_of_another_architecture(tmp_path: Path) -> None:
    model = folder(tmp_path, "model")
    StarDist2D(TINY).fit([_discs(1)], [], context(tmp_path, SHAPE), model)
    other = StarDist2D({"weights": "somewhere", "n_rays": 32, "grid": [1, 2], "patch": [64, 64]})
    message = r"model of 'weights' has grid \[2, 2\], n_rays 16; the stage asks grid \[1, 2\], n_rays 32; accepted"
    with pytest.raises(DataError, match=message):
        other.load(context(tmp_path, SHAPE, weights={"weights": model}))


def test_weights_that_do_not_fit_their_configuration(tmp_path: Path) -> None:
    model = folder(tmp_path, "model")
    StarDist2D(TINY).fit([_discs(1)], [], context(tmp_path, SHAPE), model)
    config = json.loads((model / "config.json").read_text())
    given = StarDist2D({"weights": "somewhere", "n_rays": 16})
    for change, message in (
        ({"unet_n_depth": 3}, "the weights do not fit config.json"),
        ({"unet_n_filter_base": 4}, "the weights do not fit config.json"),
        ({"n_dim": 3}, "n_dim 3; StarDist2D accepts its own only"),
        ({"backbone": "vgg"}, "config.json is not one of StarDist2D"),
    ):
        (model / "config.json").write_text(json.dumps({**config, **change}))
        with pytest.raises(DataError, match=message):
            given.load(context(tmp_path, SHAPE, weights={"weights": model}))
