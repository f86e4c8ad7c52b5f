"""Compilation of inner loops. Importing this module imports numba: only modules of compiled loops import it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Compiled = TypeVar("Compiled", bound=Callable)


def compiled(function: Compiled) -> Compiled:
    """Compile without the interpreter lock, keeping the machine code where a folder for it can be written.

    Sums are made in the order in which they are written, so results do not depend on the processor.
    """
    try:
        return cast(Compiled, njit(nogil=True, cache=True)(function))
    except RuntimeError:  # numba found no writable folder: compile again in every process
        return cast(Compiled, njit(nogil=True)(function))
