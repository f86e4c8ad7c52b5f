"""A tolerance as it stands in the id of a metric: "2um", "0.35um", "1px"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.metrics.surfaces.evidence import Unit

_WRITTEN = re.compile(r"(?P<size>(?:[1-9]\d*|0)(?:\.\d*[1-9])?)(?P<unit>um|px)")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A distance up to which surfaces count as one: its size, in micrometres ("um") or in voxels ("px")."""

    size: float
    unit: Unit
    text: str

    def __str__(self) -> str:
        """Return it as it stands in an id."""
        return self.text


def parsed(text: str) -> Tolerance | None:
    """Return a tolerance from its one way of writing; None for anything else, and for 0.

    Digits with a point where they need one, no zeros that say nothing, then the unit: one id for one tolerance.

    >>> parsed("0.5um")
    Tolerance(size=0.5, unit='um', text='0.5um')
    >>> parsed("0.50um"), parsed("2"), parsed("0um")
    (None, None, None)
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or float(found["size"]) == 0:
        return None
    unit: Unit = "um" if found["unit"] == "um" else "px"
    return Tolerance(float(found["size"]), unit, text)
