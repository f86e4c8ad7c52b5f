"""Parameters of stages: declared once, validated when a suite is loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.errors import ParameterError, nearest

Kind = Literal["int", "float", "bool", "str", "ints", "floats", "strs", "weights"]
Value = int | float | bool | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]

_ITEMS: dict[str, str] = {"ints": "int", "floats": "float", "strs": "str"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option of a stage.

    `kind` "weights" is a string: empty (none), the id of a weights entry of `datasets.toml`, or a path; the runner
    resolves it to a file or folder and puts its hash into the cache key.
    `unit` is "" for counts and fractions, "px", "um", "s", … otherwise.
    """

    name: str
    kind: Kind
    default: Value
    help: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


def validate(declared: Sequence[Parameter], given: Mapping[str, Any], where: str) -> dict[str, Value]:
    """Return every declared parameter with its given or default value, in declared order.

    Raises `ParameterError` for an unknown name, a wrong type, a value outside the range or the choices;
    `where` begins the message ("suites/x.toml:12: stage 'gasp'").
    """
    by_name = {parameter.name: parameter for parameter in declared}
    for name in given:
        if name not in by_name:
            raise ParameterError(f"{where}: unknown parameter '{name}'{nearest(name, by_name)}")
    return {p.name: _checked(p, given.get(p.name, p.default), where) for p in declared}


def _checked(parameter: Parameter, value: Any, where: str) -> Value:
    if parameter.kind in _ITEMS:
        if not isinstance(value, list | tuple):
            raise _wrong(parameter, value, where, f"a list of {_ITEMS[parameter.kind]}")
        return tuple(_scalar(parameter, item, _ITEMS[parameter.kind], where) for item in value)
    scalar: Value = _scalar(parameter, value, parameter.kind, where)
    return scalar


def _scalar(parameter: Parameter, value: Any, kind: str, where: str) -> Any:
    if kind in ("str", "weights"):
        if not isinstance(value, str):
            raise _wrong(parameter, value, where, "a string")
        if parameter.choices and value not in parameter.choices:
            raise _wrong(parameter, value, where, f"one of {', '.join(parameter.choices)}")
        return value
    if kind == "bool":
        if not isinstance(value, bool):
            raise _wrong(parameter, value, where, "true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(parameter, value, where, "a whole number" if kind == "int" else "a number")
    if kind == "int" and not isinstance(value, int):
        raise _wrong(parameter, value, where, "a whole number")
    number = value if kind == "int" else float(value)
    low, high = parameter.minimum, parameter.maximum
    if not math.isfinite(number) or (low is not None and number < low) or (high is not None and number > high):
        raise _wrong(parameter, value, where, f"a number in [{low}, {high}]")
    return number


def _wrong(parameter: Parameter, value: Any, where: str, accepted: str) -> ParameterError:
    return ParameterError(
        f"{where}: parameter '{parameter.name}' is {value!r} ({type(value).__name__}); accepted: {accepted}"
    )
