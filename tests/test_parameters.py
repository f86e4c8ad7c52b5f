from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError, model_validator

from harness.errors import ParameterError
from harness.parameters import (
    Kind,
    Mistake,
    Parameter,
    StageOptions,
    Value,
    Weights,
    described,
    option,
    options_of,
    stage_schema,
    with_default,
)

DECLARED = (
    Parameter("steps", "int", 10, "training steps", minimum=1, maximum=100),
    Parameter("beta", "float", 0.5, "bias", minimum=0.0, maximum=1.0),
    Parameter("fast", "bool", False, "whether to hurry"),
    Parameter("mode", "str", "mean", "linkage", choices=("mean", "mutex")),
    Parameter("patch", "ints", (96, 96), "patch", unit="px", minimum=1),
    Parameter("scale", "floats", (), "scale"),
    Parameter("names", "strs", ("a",), "names"),
    Parameter("weights", "weights", "", "weights"),
)


def validate(declared: tuple[Parameter, ...], given: dict[str, Any], where: str) -> dict[str, Value]:
    return dict(options_of(declared).read(given, where))


def test_defaults_come_in_declared_order() -> None:
    values = validate(DECLARED, {}, "here")
    assert list(values) == [parameter.name for parameter in DECLARED]
    assert values["patch"] == (96, 96)


def test_lists_become_tuples_and_whole_numbers_floats() -> None:
    values = validate(DECLARED, {"patch": [1, 2], "scale": [1, 0.5], "beta": 1}, "here")
    assert values["patch"] == (1, 2)
    assert values["scale"] == (1.0, 0.5)
    assert isinstance(values["beta"], float)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"step": 1}, "here: unknown parameter 'step'; did you mean 'steps'"),
        ({"steps": "1"}, "parameter 'steps' is '1' (str); accepted: a whole number"),
        ({"steps": 1.0}, "accepted: a whole number"),
        ({"steps": True}, "parameter 'steps' is True (bool)"),
        ({"steps": 0}, "accepted: a number in [1, 100]"),
        ({"steps": 101}, "accepted: a number in [1, 100]"),
        ({"beta": "high"}, "accepted: a number"),
        ({"beta": math.nan}, "parameter 'beta' is nan"),
        ({"beta": math.inf}, "parameter 'beta' is inf"),
        ({"fast": 1}, "accepted: true or false"),
        ({"mode": "median"}, "accepted: one of mean, mutex"),
        ({"mode": 3}, "accepted: a string"),
        ({"patch": 96}, "accepted: a list of int"),
        ({"patch": [96, 1.5]}, "parameter 'patch' is 1.5"),
        ({"patch": [96, 0]}, "parameter 'patch' is 0"),
        ({"names": "ab"}, "accepted: a list of str"),
        ({"names": [1]}, "accepted: a string"),
        ({"weights": 1}, "accepted: a string"),
        ({"weights": None}, "accepted: a string"),
    ],
)
def test_mistakes_say_what_was_found_and_what_is_accepted(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        validate(DECLARED, given, "here")
    assert message in str(caught.value)
    assert str(caught.value).startswith("here: ")
    assert "\n" not in str(caught.value)


VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    "int": st.integers(),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "str": st.text(),
    "ints": st.lists(st.integers()),
    "floats": st.lists(st.floats(allow_nan=False, allow_infinity=False)),
    "strs": st.lists(st.text()),
    "weights": st.text(),
}
DEFAULTS: dict[Kind, Value] = {
    "int": 0,
    "float": 0.0,
    "bool": False,
    "str": "",
    "ints": (),
    "floats": (),
    "strs": (),
    "weights": "",
}


@given(st.data(), st.sampled_from(sorted(VALUES)))
def test_validation_is_idempotent_and_keeps_values(data: st.DataObject, kind: Kind) -> None:
    declared = (Parameter("x", kind, DEFAULTS[kind], "any"),)
    value = data.draw(VALUES[kind])
    once = validate(declared, {"x": value}, "here")
    assert validate(declared, once, "here") == once
    assert once["x"] == (tuple(value) if isinstance(value, list) else value)


class Options(StageOptions):
    steps: int = option(10, "training steps", ge=1, le=100, when="fit")
    beta: float = option(0.5, "bias", ge=0.0, le=1.0)
    fast: bool = option(False, "whether to hurry")
    mode: Literal["mean", "mutex"] = option("mean", "linkage")
    patch: tuple[int, ...] = option((96, 96), "patch", unit="px", ge=1, when="run")
    scale: tuple[float, ...] = option((), "scale")
    names: tuple[Literal["a", "b"], ...] = option(("a",), "names")
    weights: Weights = option("", "weights")

    @model_validator(mode="after")
    def _fit_each_other(self) -> Options:
        if self.steps > 50 and self.fast:
            raise ValueError(f"'steps' is {self.steps} and 'fast' true; accepted: at most 50 in haste")
        return self


def test_both_forms_say_the_same() -> None:
    assert described(options_of(described(Options))) == described(Options)
    by_name = {parameter.name: parameter for parameter in described(Options)}
    assert by_name["patch"] == Parameter("patch", "ints", (96, 96), "patch", "px", minimum=1, when="run")
    assert by_name["names"] == Parameter("names", "strs", ("a",), "names", choices=("a", "b"))
    assert by_name["mode"].choices == ("mean", "mutex")
    assert (by_name["weights"].kind, by_name["steps"].when) == ("weights", "fit")


def test_a_default_can_be_changed_without_saying_the_rest_again() -> None:
    class Other(Options):
        patch: tuple[int, ...] = with_default(Options, "patch", (8,))

    before, after = described(Options), described(Other)
    assert [parameter.name for parameter in after] == [parameter.name for parameter in before]
    assert after[4] == replace(before[4], default=(8,))


def test_options_are_typed_and_frozen() -> None:
    options = Options.read({"beta": 1}, "here")
    assert (options.beta, options["beta"], options["patch"]) == (1.0, 1.0, (96, 96))
    with pytest.raises(KeyError):
        options["model_config"]
    with pytest.raises(ValidationError):
        options.steps = 3  # type: ignore[misc]


def test_all_mistakes_come_at_once_each_with_its_place() -> None:
    with pytest.raises(ParameterError) as caught:
        Options.read({"step": 1, "names": ["a", "c"], "patch": [4, 0]}, "suite.toml:3")
    assert str(caught.value).splitlines() == [
        "suite.toml:3: parameter 'patch' is 0 (int); accepted: a number in [1, None]",
        "suite.toml:3: parameter 'names' is 'c' (str); accepted: one of a, b",
        "suite.toml:3: unknown parameter 'step'; did you mean 'steps'?",
    ]


def test_combinations_are_checked_when_all_is_given() -> None:
    given = {"steps": 60, "fast": True}
    with pytest.raises(ParameterError, match=r"^here: 'steps' is 60 and 'fast' true; accepted: at most 50 in haste$"):
        Options.read(given, "here")
    assert Options.mistakes(given) == ()
    assert Options.mistakes({"fast": 1}) == (Mistake("fast", "parameter 'fast' is 1 (int); accepted: true or false"),)


def test_the_schema_tells_type_meaning_unit_and_range() -> None:
    schema = stage_schema("mean", Options)
    properties = schema["properties"]
    assert properties["beta"]["minimum"] == 0.0
    assert properties["patch"]["items"] == {"type": "integer", "minimum": 1}
    assert (properties["patch"]["unit"], properties["patch"]["when"]) == ("px", "run")
    assert properties["mode"]["enum"] == ["mean", "mutex"]
    assert properties["steps"]["description"] == "training steps"
    assert schema["additionalProperties"] is False
    assert (properties["id"], schema["required"]) == ({"const": "mean"}, ["id"])


def test_a_type_that_no_parameter_has_and_a_missing_default_are_refused() -> None:
    class Odd(StageOptions):
        table: dict = option((), "no such kind")

    class Bare(StageOptions):
        level: float

    with pytest.raises(TypeError, match="accepted: int, float"):
        described(Odd)
    with pytest.raises(TypeError, match="'level' has no default"):
        described(Bare)
