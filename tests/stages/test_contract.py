from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from pydantic import ValidationError, model_validator

from harness.errors import ChainError, ParameterError
from harness.model import Grid, Volume
from harness.parameters import Parameter, StageOptions, option
from harness.stages.contract import Context, Example, Stage


class Plain(Stage):
    id = "plain"
    title = "Returns its input"

    class Options(StageOptions):
        low: int = option(1, "lower bound")
        high: int = option(2, "upper bound")

        @model_validator(mode="after")
        def _in_order(self) -> Self:
            if self.low > self.high:
                raise ValueError("low is above high")
            return self

    options: Options

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        return inputs["image"]


class Trained(Plain):
    id = "trained"

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        (model / "n").write_text(str(len(training)), encoding="utf-8")


def context(tmp_path: Path, seed: int = 5) -> Context:
    return Context(Grid("YX", (2, 2)), seed, tmp_path)


def test_options_hold_defaults_and_given_values() -> None:
    assert dict(Plain({"high": 9}).options) == {"low": 1, "high": 9}


def test_options_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Plain().options.low = 3  # type: ignore[misc]


def test_parameters_follow_from_the_options() -> None:
    assert [parameter.name for parameter in Plain.parameters] == ["low", "high"]
    assert Trained.Options is Plain.Options


def test_a_tuple_of_parameters_makes_the_options() -> None:
    class Short(Stage):
        id = "short"
        title = "One file"
        parameters = (Parameter("level", "float", 0.5, "threshold", minimum=0.0, maximum=1.0),)

        def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
            return inputs["image"]

    assert Short({"level": 1}).options["level"] == 1.0
    with pytest.raises(
        ParameterError, match=r"stage 'short': parameter 'level' is 2.0 \(float\); accepted: a number in"
    ):
        Short({"level": 2.0})


def test_messages_name_the_stage_or_the_place_given() -> None:
    with pytest.raises(ParameterError, match="stage 'plain': unknown parameter 'lwo'; did you mean 'low'"):
        Plain({"lwo": 1})
    with pytest.raises(ParameterError, match=r"suite\.toml:3: unknown parameter"):
        Plain({"lwo": 1}, where="suite.toml:3")


def test_combinations_are_checked_when_the_stage_is_made() -> None:
    with pytest.raises(ParameterError, match="here: low is above high"):
        Plain({"low": 3}, where="here")


def test_a_stage_trains_where_fit_is_implemented() -> None:
    assert not Plain().trains()
    assert Trained().trains()


def test_fit_of_a_stage_that_does_not_train_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match="stage 'plain' does not train"):
        Plain().fit([], [], context(tmp_path), tmp_path)


def test_fit_writes_into_the_model_folder(tmp_path: Path) -> None:
    volume = Volume(np.zeros((2, 2)), "YX")
    Trained().fit([Example({"image": volume}, {"truth": volume})], [], context(tmp_path), tmp_path)
    assert (tmp_path / "n").read_text(encoding="utf-8") == "1"


def test_hooks_have_defaults(tmp_path: Path) -> None:
    volume = Volume(np.zeros((2, 2)), "YX")
    stage = Plain()
    stage.load(context(tmp_path))
    assert stage.map_truth(volume, context(tmp_path)) is volume
    assert stage.run({"image": volume}, context(tmp_path)) is volume


def test_run_must_be_implemented() -> None:
    class Empty(Stage):
        id = "empty"
        title = "Empty"

    with pytest.raises(TypeError, match="abstract"):
        Empty()  # type: ignore[abstract]


def test_each_call_of_rng_starts_anew(tmp_path: Path) -> None:
    one = context(tmp_path)
    first = one.rng().random(3)
    np.testing.assert_array_equal(first, one.rng().random(3))
    assert not np.array_equal(first, context(tmp_path, seed=6).rng().random(3))
