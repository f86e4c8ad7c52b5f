"""The schema number of result lines, and one function per step from an older number to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from harness.errors import StoreError

SCHEMA = 2
"""The number written today."""

Kind = Literal["record", "timing", "fact"]
Step = Callable[[dict[str, Any]], dict[str, Any]]


def _as_it_is(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 2 adds keys (counts, origins, checksums, devices) that lines of schema 1 do not know and may lack."""
    return data


STEPS: Mapping[tuple[Kind, int], Step] = MappingProxyType(
    {("record", 1): _as_it_is, ("timing", 1): _as_it_is, ("fact", 1): _as_it_is}
)
"""`STEPS["record", 1]` turns a record of schema 1 into one of schema 2 (both without their "schema" key)."""


def upgrade(
    data: Any, kind: Kind, where: str, *, steps: Mapping[tuple[Kind, int], Step] = STEPS, schema: int = SCHEMA
) -> dict[str, Any]:
    """Return a JSON object brought to today's schema, without its "schema" key.

    Raises `StoreError` beginning with `where` if it is no object, has no schema number, or a newer one than `schema`.
    """
    number = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise StoreError(f"{where}: not a {kind}: an object with a whole number as 'schema' is expected")
    if number > schema:
        raise StoreError(
            f"{where}: {kind} of schema {number}, written by a newer version; this version reads up to {schema}"
        )
    upgraded = dict(data)
    del upgraded["schema"]
    for step in range(number, schema):
        upgraded = steps[kind, step](upgraded)
    return upgraded
