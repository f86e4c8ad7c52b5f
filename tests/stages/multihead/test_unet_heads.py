from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import DataError
from harness.hashing import hash_folder
from harness.model import Volume
from harness.stages.chain import checked_outputs
from harness.stages.multihead.terms import TERMS
from harness.stages.multihead.unet_heads import UNetHeadsStage
from tests.stages.multihead.examples import SHAPE, TINY, context, example

BETWEEN = ["nuclei:foreground", "cell:boundary"]


def fitted(folder: Path, **given: Any) -> Volume:
    stage, one, settings = UNetHeadsStage({**TINY, **given}), example(), context(folder)
    stage.fit([one, example(1)], [one], settings, folder)
    stage.load(settings)
    made = checked_outputs(stage, one.inputs, stage.run(one.inputs, settings), settings.grid)["structures"]
    assert isinstance(made, Volume)
    return made


@pytest.mark.parametrize(
    ("inputs", "outputs", "channels"),
    [
        (["clear"], ["nuclei"], 2),
        (["clear+wall"], ["nuclei/cell"], 2),
        (["clear", "wall"], ["nuclei+cell"], 4),
        (["clear+wall", "noisy"], ["nuclei", "cell"], 4),
    ],
)
def test_architectures_train_and_predict(tmp_path: Path, inputs: list[str], outputs: list[str], channels: int) -> None:
    made = fitted(tmp_path, inputs=inputs, outputs=outputs)
    assert made.array.shape == (channels, *SHAPE)
    assert len(made.channels) == channels
    assert 0 <= made.array.min() < made.array.max() <= 1


@pytest.mark.parametrize("term", TERMS)
def test_every_term_trains_another_network(tmp_path: Path, term: str) -> None:
    fitted(tmp_path / "plain")
    fitted(tmp_path / "term", term=term, between=BETWEEN, weight=5.0)
    assert (hash_folder(tmp_path / "plain") == hash_folder(tmp_path / "term")) == (term == "none")


def test_equal_seeds_give_equal_models(tmp_path: Path) -> None:
    one, two = (fitted(tmp_path / name) for name in ("one", "two"))
    np.testing.assert_array_equal(one.array, two.array)
    assert hash_folder(tmp_path / "one") == hash_folder(tmp_path / "two")


def test_a_structure_may_be_absent_from_one_image_and_not_from_all(tmp_path: Path) -> None:
    stage = UNetHeadsStage(TINY)
    stage.fit([example(), example(1, absent=("nuclei",))], [], context(tmp_path), tmp_path)
    gone = [example(number, absent=("nuclei",)) for number in range(2)]
    with pytest.raises(DataError, match="'nuclei' is 0 everywhere in all 2 training examples"):
        stage.fit(gone, [], context(tmp_path / "gone"), tmp_path / "gone")


def test_bad_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a head names the channel 'cleer'.*clear"):
        fitted(tmp_path / "channel", inputs=["cleer"])
    with pytest.raises(DataError, match=r"'patch' .* is larger than the smallest image sides"):
        fitted(tmp_path / "patch", patch=[32])
    with pytest.raises(DataError, match="no training examples"):
        UNetHeadsStage(TINY).fit([], [], context(tmp_path), tmp_path)
    with pytest.raises(DataError, match="at least 32 per axis for a network of 6 levels"):
        fitted(tmp_path / "levels", levels=6)
