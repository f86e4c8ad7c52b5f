"""Datasets that an installed Python package carries, found without importing the package."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from harness.errors import DataError


def package_folder(package: str) -> Path | None:
    """Return the folder of an installed package; None if it is not installed. Nothing of it is imported.

    `package` is a top-level name: for a dotted one the parent would be imported.
    """
    if "." in package:
        raise DataError(f"package '{package}': only top-level packages can hold datasets")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def package_file(package: str, name: str, install: str) -> Path:
    """Return the path of a file inside an installed package; raises `DataError` with the install line."""
    folder = package_folder(package)
    if folder is None:
        raise DataError(f"package '{package}' is not installed; {install}")
    path = folder / name
    if not path.is_file():
        raise DataError(f"package '{package}' in {folder} has no file '{name}'; {install}")
    return path
