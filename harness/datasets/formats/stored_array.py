"""What every format offers: an array in an open file, and one error for whatever a decoder raises."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import DataError, HarnessError

if TYPE_CHECKING:
    from harness.datasets.formats.zarr_reader import ZarrReader

Region = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class StoredArray:
    """An array in an open file.

    `axes` names its axes as far as the file states them ("" if it does not); `spacing_um` has one entry per spatial
    axis, or is None. `read` returns a region (one slice per axis) as a NumPy array. `handle` is what reads it lazily
    where the format has that (Zarr). `elsewhere` names the other files that hold a part of it. `palette` (n x 3, uint8)
    holds the colours of an image whose values are their numbers.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    axes: str
    spacing_um: tuple[float, ...] | None
    read: Callable[[Region], np.ndarray]
    handle: ZarrReader | None = None
    elsewhere: tuple[Path, ...] = ()
    palette: np.ndarray | None = None
    is_read_by_region: bool = False
    """Whether a region costs what it holds, however large the array is."""
    chunks: tuple[int, ...] = ()
    """Shape of the blocks in which the file is encoded; () where it is not chunked."""

    def in_colour(self) -> StoredArray:
        """Return the array with the colours of its palette in place of their numbers; itself if it has none."""
        if self.palette is None:
            return self
        palette, numbers = self.palette, self.read

        def read(region: Region) -> np.ndarray:
            return np.asarray(palette[numbers(region[:-1])][..., region[-1]])

        return StoredArray((*self.shape, 3), palette.dtype, f"{self.axes}C", self.spacing_um, read)


def known_spacing(sizes: Sequence[Any]) -> tuple[float, ...] | None:
    """Return voxel sizes as a file states them; None where one of them is no positive finite number."""
    try:
        numbers = tuple(float(size) for size in sizes)
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if all(math.isfinite(size) and size > 0 for size in numbers) else None


def check_kind(path: Path, dtype: np.dtype) -> None:
    """Raise `DataError` for an array that does not hold real numbers."""
    if dtype.kind not in "uifb":
        raise DataError(f"{path}: holds values of the type {dtype}; accepted: integers, floats, booleans")


def check_fits(path: Path, shape: Sequence[int], dtype: np.dtype) -> None:
    """Raise `DataError` for an array that does not fit into the memory of this machine, as a damaged header claims."""
    import psutil

    size = math.prod(int(length) for length in shape) * dtype.itemsize
    limit = psutil.virtual_memory().total
    if size > limit:
        raise DataError(
            f"{path}: claims {' x '.join(map(str, shape))} values of {dtype} ({size / 1e9:.4g} GB); "
            f"the memory of this machine holds {limit / 1e9:.4g} GB"
        )


def extent(region: Region, shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of a region of an array."""
    return tuple(len(range(*part.indices(size))) for part, size in zip(region, shape, strict=True))


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a decoder raises into one `DataError` that names the file."""
    try:
        yield
    except HarnessError:
        raise
    except MemoryError as error:
        raise DataError(f"{path}: does not fit into memory as {kind}") from error
    except Exception as error:  # a decoder may fail in any way on a damaged file
        detail = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: truncated or not readable as {kind}: {detail}") from error
