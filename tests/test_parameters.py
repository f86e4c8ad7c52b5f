from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ParameterError
from harness.parameters import Kind, Parameter, Value, validate

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
