"""The masks of a Cellpose `_seg.npy`, which is a pickle, read without running anything that it names.

A pickle builds objects by calling what it names. Here arrays, their types and numbers are built, and every other name
stands for an object that takes whatever is done to it and does nothing.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from harness.datasets.formats.stored_array import check_kind, reading
from harness.errors import DataError

_KEY = "masks"


class _Inert:
    """What an unknown class or function of a pickle becomes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass

    def __call__(self, *arguments: Any, **options: Any) -> _Inert:
        return self

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __hash__(self) -> int:
        return id(self)

    def append(self, item: Any) -> None:
        """Take an item of a list."""

    def extend(self, items: Any) -> None:
        """Take items of a list."""

    def add(self, item: Any) -> None:
        """Take an item of a set."""


def _empty(*arguments: Any) -> np.ndarray:
    """Return the array that the state which follows in the pickle fills: with shape, type and values."""
    return np.ndarray((0,), dtype=np.uint8)


class _ArraysOnly(pickle.Unpickler):
    """Builds NumPy arrays and what every pickle holds (numbers, texts, lists, dictionaries), and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return _empty
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        return _Inert


def read_seg(path: Path) -> np.ndarray:
    """Return the masks (integers, 0 is background); raises `DataError` for a pickle that is no `_seg.npy`."""
    npy: Any = np.lib.format
    with reading(path, "Cellpose _seg.npy"), path.open("rb") as file:
        is_long = npy.read_magic(file) != (1, 0)
        (npy.read_array_header_2_0 if is_long else npy.read_array_header_1_0)(file)
        content = _ArraysOnly(file).load()
        held = content.item() if isinstance(content, np.ndarray) and content.shape == () else content
        masks = held.get(_KEY) if isinstance(held, dict) else None
        if not isinstance(masks, np.ndarray) or masks.dtype == object:
            found = ", ".join(map(str, held)) if isinstance(held, dict) else type(held).__name__
            raise DataError(
                f"{path}: holds Python objects that are no Cellpose _seg.npy ({found[:200]}); accepted: a dictionary "
                f"with an array '{_KEY}', or a plain NPY"
            )
    check_kind(path, masks.dtype)
    return masks
