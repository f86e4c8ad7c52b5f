from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import DataError, ParameterError
from harness.hashing import hash_folder
from harness.model import Grid, Volume
from harness.stages.contract import Context, Example
from harness.stages.surface.unet_labels import UNetLabelsStage
from tests.stages.unet.test_stage import TINY


def stage(**given: Any) -> UNetLabelsStage:
    return UNetLabelsStage({**TINY, "levels": 2, "channels": ["negative"], **given})


def example(seed: int) -> Example:
    rng = np.random.default_rng(seed)
    labels = np.zeros((16, 16, 16), np.uint8)
    labels[4:12, 4:12, 4:12] = 1
    image = np.stack([100 * labels + rng.integers(0, 40, labels.shape), rng.integers(0, 255, labels.shape)])
    other = np.roll(labels, 2, axis=1)
    targets = {"ilastik": Volume(labels, "ZYX"), "initial": Volume(other, "ZYX")}
    return Example({"image": Volume(image.astype(np.uint8), "CZYX", None, ("negative", "actin"))}, targets)


def context(folder: Path) -> Context:
    folder.mkdir()
    return Context(Grid("ZYX", (16, 16, 16)), seed=3, scratch=folder, model=folder)


def fitted(made: UNetLabelsStage, examples: list[Example], folder: Path) -> str:
    settings = context(folder)
    made.fit(examples, examples[:1], settings, folder)
    return hash_folder(folder)


def test_what_is_learnt_and_validated_is_named() -> None:
    made = stage(learns=["ilastik", "initial"])
    assert made.learns() == made.validates() == ("ilastik", "initial")
    assert stage(learns=["ilastik"], validates=["initial"]).validates() == ("initial",)


def test_a_network_learns_from_the_volumes_and_labels_it_is_given(tmp_path: Path) -> None:
    examples = [example(0), example(1)]
    models = {
        name: fitted(stage(**given), examples, tmp_path / name)
        for name, given in {
            "one": {"volumes": 1, "learns": ["ilastik"]},
            "two": {"volumes": 2, "learns": ["ilastik"]},
            "other": {"volumes": 1, "learns": ["initial"]},
            "mixed": {"volumes": 2, "learns": ["ilastik", "initial"]},
        }.items()
    }
    assert len(set(models.values())) == len(models)
    assert fitted(stage(volumes=1, learns=["ilastik"]), examples[:1], tmp_path / "again") == models["one"]


def test_it_predicts_from_its_channels_alone(tmp_path: Path) -> None:
    made, one = stage(learns=["ilastik"]), example(0)
    settings = context(tmp_path / "model")
    made.fit([one], [], settings, tmp_path / "model")
    made.load(settings)
    result = made.run(one.inputs, settings)
    assert result.channels == ("foreground", "boundary")
    array = one.inputs["image"].array.copy()
    array[1] = 0
    blind = Volume(array, "CZYX", None, ("negative", "actin"))
    np.testing.assert_array_equal(made.run({"image": blind}, settings).array, result.array)


def test_what_a_mask_says_that_nobody_knows_is_not_taught(tmp_path: Path) -> None:
    one = example(0)
    mask = np.zeros((16, 16, 16), np.uint8)
    mask[8:] = 1
    spoilt = one.targets["ilastik"].array.copy()
    spoilt[9:] = np.random.default_rng(1).integers(0, 2, (7, 16, 16))  # outlines of plane 7 depend on plane 8
    right, wrong = (
        Example(one.inputs, {"ilastik": Volume(labels, "ZYX"), "deep": Volume(mask, "ZYX")})
        for labels in (one.targets["ilastik"].array, spoilt)
    )
    given = {"learns": ["ilastik"], "elastic": 0.0, "rotate_degrees": 0.0, "flip": 0.0, "rotate90": False}
    made = stage(**given, ignores="deep")
    assert made.learns() == made.validates() == ("ilastik", "deep")
    assert fitted(made, [right], tmp_path / "right") == fitted(made, [wrong], tmp_path / "wrong")
    plain = stage(**given)
    assert fitted(plain, [right], tmp_path / "seen") != fitted(plain, [wrong], tmp_path / "seen-wrong")


def test_too_few_volumes_and_labels_that_vanish_are_refused(tmp_path: Path) -> None:
    one = example(0)
    with pytest.raises(DataError, match="'volumes' is 4; the fold has 1 training volumes"):
        stage(volumes=4, learns=["ilastik"]).fit([one], [], context(tmp_path / "few"), tmp_path / "few")
    gone = Example(one.inputs, {"ilastik": Volume(np.zeros((16, 16, 16), np.uint8), "ZYX")})
    with pytest.raises(DataError, match="no foreground"):
        stage(learns=["ilastik"]).fit([gone], [], context(tmp_path / "gone"), tmp_path / "gone")


@pytest.mark.parametrize(
    "given", [{"learns": []}, {"learns": ["a", "a"]}, {"channels": ["x", "x"]}, {"learns": ["a"], "ignores": "a"}]
)
def test_parameters_that_cannot_work_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="accepted"):
        stage(**given)
