"""Axes as files name them, as the letters T, C, Z, Y, X."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SPATIAL = "ZYX"
OTHER = "Q"
"""The letter of an axis that is none of space, channel or time."""

_NAMES = {
    "T": ("t", "time", "frame", "frames"),
    "C": ("c", "ch", "channel", "channels", "band", "bands", "s", "rgb"),
    "Z": ("z", "depth", "slice", "slices", "plane", "planes"),
    "Y": ("y", "row", "rows", "height"),
    "X": ("x", "col", "cols", "column", "columns", "width"),
}
LETTERS = {name: letter for letter, names in _NAMES.items() for name in names}
"""Letters by the lower-case names that files use."""

_KINDS = {"channel": "C", "time": "T"}


def letters(names: Any, ndim: int) -> str:
    """Return one letter an axis for what a file gives as their names: a list of names, or a text of letters.

    "" where it names no `ndim` axes, one of them is not known, or two are the same: nothing is stated then.

    >>> letters(["channel", "y", "x"], 3), letters("zyx", 3), letters(["y", "x"], 3), letters(["dim_0", "dim_1"], 2)
    ('CYX', 'ZYX', '', '')
    """
    if not isinstance(names, str | list | tuple) or len(names) != ndim:
        return ""
    found = "".join(LETTERS.get(str(name).lower(), "") for name in names)
    return found if len(found) == len(set(found)) == ndim else ""


def letters_of_kinds(axes: Sequence[str | Mapping[str, Any]]) -> str:
    """Return one letter an axis for axes as OME-Zarr describes them: a name, with or without a type.

    The type decides: axes of space with names of their own are Z, Y, X from the last one back; what is none of space,
    channel or time is "Q".

    >>> letters_of_kinds([{"name": "stain", "type": "channel"}, {"name": "r", "type": "space"}, {"name": "x"}])
    'CYX'
    """
    described = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in axes]
    found = [_KINDS.get(str(axis.get("type"))) or LETTERS.get(str(axis.get("name")).lower(), "") for axis in described]
    free = [letter for letter in SPATIAL if letter not in found]
    for number in reversed(range(len(found))):
        if not found[number]:
            is_space = str(described[number].get("type")) == "space"
            found[number] = free.pop() if is_space and free else OTHER
    return "".join(found)
