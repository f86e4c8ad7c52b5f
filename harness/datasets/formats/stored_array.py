"""What every format offers: an array in an open file, and one error for whatever a decoder raises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import DataError, HarnessError

Region = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class StoredArray:
    """An array in an open file.

    `axes` names its axes as far as the file states them ("" if it does not); `spacing_um` has one entry per spatial
    axis, or is None. `read` returns a region (one slice per axis) as a NumPy array. `handle` is the lazy array
    itself where the format has one (Zarr).
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    axes: str
    spacing_um: tuple[float, ...] | None
    read: Callable[[Region], np.ndarray]
    handle: Any = None


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a decoder raises into one `DataError` that names the file."""
    try:
        yield
    except (HarnessError, MemoryError):
        raise
    except Exception as error:  # a decoder may fail in any way on a damaged file
        detail = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: truncated or not readable as {kind}: {detail}") from error
