"""Python's search for cycles, left out while very many objects are made that live on and hold no cycle."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Keep Python from looking for cycles inside: it would go through all that was made again and again.

    Also a decorator. What is unreachable is found afterwards; a search that was off before stays off.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
