"""Datasets and weights: declared in `datasets.toml`, fetched, verified, read."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.datasets.catalogue import Catalogue, load_catalogue
    from harness.datasets.dataset import Availability, Dataset
    from harness.datasets.weights import WeightsFile

_HOMES = {
    "Availability": "harness.datasets.dataset",
    "Catalogue": "harness.datasets.catalogue",
    "Dataset": "harness.datasets.dataset",
    "WeightsFile": "harness.datasets.weights",
    "load_catalogue": "harness.datasets.catalogue",
}

__all__ = ["Availability", "Catalogue", "Dataset", "WeightsFile", "load_catalogue"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'harness.datasets' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
