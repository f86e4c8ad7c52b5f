"""Rows from the product of axes: "{name}" in a string of the template stands for the value of an axis."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from harness.errors import ConfigError, nearest
from harness.suite.schema import MatrixSpec

RESERVED = ("fold",)
"""Placeholders that are filled in later, when the fold of a cell is known."""

MOST_ROWS = 10_000
"""Rows of one matrix; a table of more cannot be read, and a slip of the pen makes many more."""

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?:\.([A-Za-z_][A-Za-z0-9_]*))?\}")


def expand_matrix(matrix: MatrixSpec) -> Iterator[dict[str, Any]]:
    """Yield the rows of a matrix as tables: the product of the axes in order, without `exclude`, then `include`.

    Raises `ConfigError` for an axis that is unknown, missing or named like a reserved placeholder, and for an
    exclusion that leaves nothing out.
    """
    _check_axes(matrix)
    template = matrix.model_dump(exclude={"axes", "include", "exclude"}, exclude_unset=True)
    for values in combinations(matrix):
        yield {**_filled(template, values), "axes": {axis: axis_name(value) for axis, value in values.items()}}


def axis_name(value: Any) -> Any:
    """Return what figures and claims call a value of an axis: itself, a table's `name` or `id`, a list's joined."""
    if isinstance(value, Mapping):
        return str(value.get("name", value.get("id", value)))
    if isinstance(value, list | tuple):
        return "+".join(str(axis_name(part)) for part in value)
    return value


def combinations(matrix: MatrixSpec) -> list[dict[str, Any]]:
    """Return the combinations of axis values of a matrix."""
    count = math.prod(len(values) for values in matrix.axes.values())
    if count > MOST_ROWS:
        sizes = " x ".join(str(len(values)) for values in matrix.axes.values())
        raise ConfigError(f"the axes make {sizes} = {count} rows; at most {MOST_ROWS} are accepted")
    full = [dict(zip(matrix.axes, values, strict=True)) for values in product(*matrix.axes.values())]
    for excluded in matrix.exclude:
        if not any(_matches(values, excluded) for values in full):
            raise ConfigError(f"exclude {excluded!r} matches no combination")
    kept = [values for values in full if not any(_matches(values, excluded) for excluded in matrix.exclude)]
    return kept + [dict(extra) for extra in matrix.include]


def _check_axes(matrix: MatrixSpec) -> None:
    for axis, values in matrix.axes.items():
        if axis in RESERVED:
            raise ConfigError(f"axis '{axis}' has a reserved name")
        if not values:
            raise ConfigError(f"axis '{axis}' has no values")
    for combination in (*matrix.include, *matrix.exclude):
        for axis in combination:
            if axis not in matrix.axes:
                raise ConfigError(f"unknown axis '{axis}'{nearest(axis, matrix.axes)}")
    for extra in matrix.include:
        missing = [axis for axis in matrix.axes if axis not in extra]
        if missing:
            raise ConfigError(f"include {extra!r} lacks the axis '{missing[0]}'")


def _matches(values: Mapping[str, Any], excluded: Mapping[str, Any]) -> bool:
    return all(values[axis] == value for axis, value in excluded.items())


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    """Return a template with its placeholders replaced; a string that is one placeholder keeps the value's type."""
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        if whole:
            return _value(whole, values)
        return _PLACEHOLDER.sub(lambda match: str(_value(match, values)), template)
    if isinstance(template, Mapping):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return _filled_list(template, values)
    return template


def _filled_list(template: list[Any] | tuple[Any, ...], values: Mapping[str, Any]) -> list[Any]:
    """Fill a list; a placeholder item whose value is a list is spliced in, so an axis can hold parts of chains."""
    filled: list[Any] = []
    for item in template:
        value = _filled(item, values)
        if isinstance(item, str) and isinstance(value, list | tuple):
            filled.extend(value)
        else:
            filled.append(value)
    return filled


def _value(match: re.Match[str], values: Mapping[str, Any]) -> Any:
    axis, entry = match.groups()
    if axis in RESERVED:
        return match.group(0)
    if axis not in values:
        raise ConfigError(f"placeholder '{match.group(0)}' names no axis{nearest(axis, values)}")
    if entry is None:
        return values[axis]
    if not isinstance(values[axis], Mapping) or entry not in values[axis]:
        raise ConfigError(f"placeholder '{match.group(0)}': the value {values[axis]!r} has no entry '{entry}'")
    return values[axis][entry]
