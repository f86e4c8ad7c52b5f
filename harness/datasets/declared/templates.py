"""Filling `{id}` and the like into declared file names, members and keys."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.errors import ConfigError, nearest

_FIELD = re.compile(r"\{([A-Za-z_]\w*)\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with each `{name}` replaced; raises `ConfigError` for a name that has no value.

    >>> fill("{id}/{id}_n.tif", {"id": "1135"})
    '1135/1135_n.tif'
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise ConfigError(f"'{text}': no value for '{{{name}}}'{nearest(name, values)}")
        return values[name]

    return _FIELD.sub(value, text)


def as_tuple(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return one string, or several, as a tuple; "" as none."""
    if isinstance(value, str):
        return (value,) if value else ()
    return value
