"""Parameters of stages: each declared once with its type, read strictly, listed and printed as a schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, field_validator
from pydantic.fields import FieldInfo

from harness.errors import ParameterError, nearest

Kind = Literal["int", "float", "bool", "str", "ints", "floats", "strs", "weights"]
Value = int | float | bool | str | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]
When = Literal["fit", "run", "both"]
"""When a parameter acts: in training, in prediction, or in both (a network's shape).

Rows that differ in "run" parameters alone share one trained model.
"""

RESERVED = ("id", "as")
"""Keys of a stage's table in a suite that are none of its parameters."""

Weights = Annotated[str, "weights"]
"""A parameter that names weights: empty (none), the id of a weights entry of `datasets.toml`, or a path.

The runner resolves it to a file or folder and puts its hash into the cache key.
"""

_SCALARS: dict[Any, Kind] = {int: "int", float: "float", bool: "bool", str: "str"}
_LISTS: dict[Kind, Kind] = {"int": "ints", "float": "floats", "str": "strs"}
_TYPES: dict[Kind, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": str,
    "ints": tuple[int, ...],
    "floats": tuple[float, ...],
    "strs": tuple[str, ...],
    "weights": Weights,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option of a stage as it is listed; a one-file plug-in may declare its options as a tuple of these.

    `kind` "weights" is a string like `Weights`. `unit` is "" for counts and fractions, "px", "um", "s", … otherwise.
    `choices`, `minimum` and `maximum` of a list are those of its items.
    """

    name: str
    kind: Kind
    default: Value
    help: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    when: When = "both"

    def accepts(self, value: Any, *, item: bool = False) -> str:
        """Return what would have been accepted in place of a value (of an item of a list, if `item`)."""
        kind = self.kind
        if kind in _LISTS.values():
            one = next(scalar for scalar, many in _LISTS.items() if many == kind)
            if not item:
                return f"a list of {one}"
            kind = one
        if kind == "bool":
            return "true or false"
        if kind in ("str", "weights"):
            return f"one of {', '.join(self.choices)}" if self.choices and isinstance(value, str) else "a string"
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if (kind == "int" and not isinstance(value, int)) or not is_number:
            return "a whole number" if kind == "int" else "a number"
        return f"a number in [{self.minimum}, {self.maximum}]"


def option(
    default: Value,
    help: str,
    *,
    unit: str = "",
    when: When = "both",
    ge: float | None = None,
    le: float | None = None,
) -> Any:
    """Declare one parameter in a stage's `Options`: its default, meaning, unit and range (of the items of a list)."""
    bounds = {name: bound for name, bound in (("minimum", ge), ("maximum", le)) if bound is not None}
    return Field(default, description=help, json_schema_extra={"unit": unit, "when": when, **bounds})


def with_default(options: type[StageOptions], name: str, default: Value) -> Any:
    """Declare a parameter of another `Options` class again, with another default."""
    field = options.model_fields[name]
    return Field(default, description=field.description, json_schema_extra=_extra(field))


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with the given parameters: the name of one, "" where they do not fit each other."""

    name: str
    problem: str


class _RangeError(ValueError):
    """A number, or the one at `index` of a list, that is too small or too large."""

    def __init__(self, index: int) -> None:
        super().__init__("out of range")
        self.index = index


class StageOptions(BaseModel):
    """Base of the parameters of a stage: `class Options(StageOptions): level: float = option(0.5, "threshold")`.

    Types are int, float, bool, str, `Literal` of strings, `Weights`, and `tuple[…, ...]` of these. What parameters must
    be together is a `model_validator(mode="after")` that raises `ValueError`. Instances are frozen.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True, protected_namespaces=()
    )

    @field_validator("*", mode="before")
    @classmethod
    def _as_tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("*", mode="after")
    @classmethod
    def _in_range(cls, value: Any, info: Any) -> Any:
        extra = _extra(cls.model_fields[info.field_name])
        low, high = extra.get("minimum"), extra.get("maximum")
        for index, number in enumerate(value if isinstance(value, tuple) else (value,)):
            if (low is not None and number < low) or (high is not None and number > high):
                raise _RangeError(index)
        return value

    def __getitem__(self, name: str) -> Any:
        """Return a parameter by its name; raises KeyError if there is none."""
        if name not in type(self).model_fields:
            raise KeyError(name)
        return getattr(self, name)

    @classmethod
    def read(cls, given: Mapping[str, Any], where: str) -> Self:
        """Return the parameters with their given or default values.

        Raises `ParameterError` with a line for each unknown name, wrong type, value outside the range or the choices,
        and combination that cannot work; `where` begins each line ("suites/x.toml:12: stage 'gasp'").
        """
        try:
            return cls.model_validate(dict(given))
        except ValidationError as error:
            lines = [f"{where}: {mistake.problem}" for mistake in _mistakes(cls, given, error)]
            raise ParameterError("\n".join(lines)) from error

    @classmethod
    def mistakes(cls, given: Mapping[str, Any]) -> tuple[Mistake, ...]:
        """Return what is wrong with some of the parameters, each taken by itself."""
        try:
            cls.model_validate(dict(given))
        except ValidationError as error:
            return tuple(mistake for mistake in _mistakes(cls, given, error) if mistake.name)
        return ()


def described(options: type[StageOptions]) -> tuple[Parameter, ...]:
    """Return the parameters of an `Options` class in declared order."""
    return tuple(_parameter(name, field) for name, field in options.model_fields.items())


def options_of(parameters: Sequence[Parameter], *, name: str = "Options") -> type[StageOptions]:
    """Return the `Options` class of a tuple of parameters, the short form of a plug-in of one file."""
    fields: dict[str, Any] = {}
    for one in parameters:
        kind: Any = _TYPES[one.kind]
        if one.choices:
            chosen: Any = Literal[one.choices]
            kind = tuple[chosen, ...] if one.kind == "strs" else chosen
        declared = option(one.default, one.help, unit=one.unit, when=one.when, ge=one.minimum, le=one.maximum)
        fields[one.name] = (kind, declared)
    made: type[StageOptions] = create_model(name, __base__=StageOptions, **fields)
    return made


def stage_schema(stage: str, options: type[StageOptions]) -> dict[str, Any]:
    """Return the JSON schema of a stage's table in a suite; each parameter also has its `unit` and `when`."""
    made = options.model_json_schema()
    parameters = made.get("properties", {})
    for entry in parameters.values():
        if entry.get("type") == "array":
            bounds = {name: entry.pop(name) for name in ("minimum", "maximum") if name in entry}
            entry["items"] = {**entry.get("items", {}), **bounds}
    return {**made, "title": stage, "properties": {"id": {"const": stage}, **parameters}, "required": ["id"]}


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _parameter(name: str, field: FieldInfo) -> Parameter:
    if field.is_required():
        raise TypeError(f"parameter '{name}' has no default; accepted: {name}: … = option(default, help)")
    kind, choices = ("weights", ()) if "weights" in field.metadata else _kind(field.annotation)
    extra = _extra(field)
    return Parameter(
        name=name,
        kind=kind,
        default=field.default,
        help=field.description or "",
        unit=extra.get("unit", ""),
        choices=choices,
        minimum=extra.get("minimum"),
        maximum=extra.get("maximum"),
        when=extra.get("when", "both"),
    )


def _kind(hint: Any) -> tuple[Kind, tuple[str, ...]]:
    """Return the kind and the choices of a field's type; raises TypeError for a type no parameter can have."""
    if get_origin(hint) is Literal:
        return "str", get_args(hint)
    if get_origin(hint) is tuple and get_args(hint)[1:] == (Ellipsis,):
        item, choices = _kind(get_args(hint)[0])
        if item in _LISTS:
            return _LISTS[item], choices
    if hint in _SCALARS:
        return _SCALARS[hint], ()
    raise TypeError(f"a parameter of type {hint}; accepted: int, float, bool, str, Literal, Weights, tuple[…, ...]")


def _mistakes(options: type[StageOptions], given: Mapping[str, Any], error: ValidationError) -> Iterator[Mistake]:
    known = {parameter.name: parameter for parameter in described(options)}
    for problem in error.errors():
        if not problem["loc"]:
            yield Mistake("", str(problem.get("ctx", {}).get("error", problem["msg"])))
            continue
        name = str(problem["loc"][0])
        if name not in known:
            yield Mistake(name, f"unknown parameter '{name}'{nearest(name, known)}")
            continue
        value, index = given[name], _item(problem, given[name])
        value = value if index is None else value[index]
        accepted = known[name].accepts(value, item=index is not None)
        yield Mistake(name, f"parameter '{name}' is {value!r} ({type(value).__name__}); accepted: {accepted}")


def _item(problem: Any, value: Any) -> int | None:
    """Return which item of a list is wrong, None for a value that is no list."""
    if not isinstance(value, list | tuple):
        return None
    error = problem.get("ctx", {}).get("error")
    if isinstance(error, _RangeError):
        return error.index
    return int(problem["loc"][1]) if len(problem["loc"]) > 1 else None
