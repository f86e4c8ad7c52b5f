"""Names without end that differ in a number, of which a registry knows how they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Family(Generic[T]):
    """Names like "nsd.surfels.0.5um", each made when it is first asked for.

    `id` is how the family is listed, with a word in angle brackets for the number; `example` is one of its names;
    `make` returns what a name stands for, None for a name that is not of the family.
    """

    id: str
    example: str
    make: Callable[[str], T | None]

    @property
    def stem(self) -> str:
        """What its names begin with.

        >>> Family("nsd.surfels.<tolerance>um", "nsd.surfels.2um", lambda name: None).stem
        'nsd.surfels.'
        """
        return self.id.partition("<")[0]
