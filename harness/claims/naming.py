"""How rules and figures name rows: by id, or by the values of the axes that rows were made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt

from harness.errors import ConfigError, nearest

Scalar: TypeAlias = StrictBool | StrictInt | StrictFloat | str
EVERY = "*"
"""The value of an axis in a selector that stands for all of them."""

Selector: TypeAlias = dict[str, Scalar | tuple[Scalar, ...]]
"""Rows by the values of their axes: one value, several, or "*" for every one, by name of the axis."""

Reference: TypeAlias = Annotated[
    str | Selector,
    Field(description='A row id, or a table of axis values: { cluster = "mean-shift", n = [4, 5] }.'),
]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, Mapping) else value


References: TypeAlias = Annotated[tuple[Reference, ...], BeforeValidator(_listed)]
"""Rows by id or by axes; one table may stand without its list."""

ReferencePairs: TypeAlias = Annotated[tuple[tuple[Reference, Reference], ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class NamedRow:
    """A row as a reference sees it: its id and the value of each of its axes."""

    id: str
    axes: Mapping[str, Scalar]


def selected(selector: Mapping[str, Any], rows: Sequence[NamedRow]) -> tuple[str, ...]:
    """Return the ids of the rows that have the values of a selector, in the order in which it lists the values.

    Axes that it gives as "*" or does not name come in the order of the rows. Raises `ConfigError` for an axis or a
    value that no row has.
    """
    known = axes_of(rows)
    for axis, wanted in selector.items():
        if axis not in known:
            raise ConfigError(f"no row has the axis '{axis}'{nearest(axis, known)}")
        for value in _values(wanted):
            if value != EVERY and not any(_same(value, found) for found in known[axis]):
                raise ConfigError(f"no row has {axis} = {value!r}; accepted: {', '.join(map(repr, known[axis]))}")
    fitting = [row for row in rows if _fits(row, selector)]
    ordered = sorted(
        fitting,
        key=lambda row: tuple(_rank(row.axes[axis], wanted) for axis, wanted in selector.items()),
    )
    return tuple(row.id for row in ordered)


def axes_of(rows: Iterable[NamedRow]) -> dict[str, list[Scalar]]:
    """Return the axes of rows with their values, both in the order of first appearance."""
    found: dict[str, list[Scalar]] = {}
    for row in rows:
        for axis, value in row.axes.items():
            values = found.setdefault(axis, [])
            if not any(_same(value, other) for other in values):
                values.append(value)
    return found


def strata(references: Iterable[Any], rows: Sequence[NamedRow]) -> Iterator[tuple[str, tuple[NamedRow, ...]]]:
    """Yield the rows among which a rule is decided, once for each value of the axes that none of its selectors names.

    So one claim that names `cluster` and `n` covers every model. Each is yielded with what it is ("model = full");
    rows without such an axis belong to all of them. Without selectors there is one, of all rows and without a name.
    """
    selectors = [reference for reference in references if isinstance(reference, Mapping)]
    if not selectors:
        yield "", tuple(rows)
        return
    named = {axis for selector in selectors for axis in selector}
    reached = {row for selector in selectors for row in selected(selector, rows)}
    free = {
        axis: values for axis, values in axes_of(row for row in rows if row.id in reached).items() if axis not in named
    }
    for values in product(*free.values()):
        fixed = dict(zip(free, values, strict=True))
        own = tuple(
            row for row in rows if all(axis not in row.axes or _same(row.axes[axis], v) for axis, v in fixed.items())
        )
        if any(row.id in reached for row in own):
            yield ", ".join(f"{axis} = {value}" for axis, value in fixed.items()), own


def _values(wanted: Any) -> tuple[Scalar, ...]:
    return tuple(wanted) if isinstance(wanted, list | tuple) else (wanted,)


def _fits(row: NamedRow, selector: Mapping[str, Any]) -> bool:
    return all(
        axis in row.axes and any(value == EVERY or _same(value, row.axes[axis]) for value in _values(wanted))
        for axis, wanted in selector.items()
    )


def _rank(value: Scalar, wanted: Any) -> int:
    return next((place for place, other in enumerate(_values(wanted)) if _same(value, other)), 0)


def _same(one: Scalar, other: Scalar) -> bool:
    """Whether two values are equal; true is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
