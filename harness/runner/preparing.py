"""Before anything runs: which cells have their data and weights; they are fetched here, on no cell's deadline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DataError, HarnessError
from harness.hashing import hash_path
from harness.model import Cell
from harness.registry import Registry
from harness.runner.jobs import WeightsSource

if TYPE_CHECKING:
    from harness.datasets import Catalogue

FIRST_SEEN = "no published checksum: {} pinned by the first download"
"""Note on what rests on files whose hash no source states."""


class Preparation:
    """Answers for each dataset and weights value once: what is missing and why, or where it lies."""

    def __init__(self, catalogue: Catalogue, registry: Registry) -> None:
        self._catalogue = catalogue
        self._registry = registry
        self._datasets: dict[str, str] = {}
        self._weights: dict[str, WeightsSource | str] = {}

    def missing_data(self, cell: Cell, *, fetch: bool) -> str:
        """Return why a cell's data cannot be had, "" if they can; with `fetch` they are there afterwards."""
        name = cell.data.dataset
        if name not in self._datasets:
            self._datasets[name] = self._data_problem(name, fetch=fetch)
        return self._datasets[name]

    def weights(self, cell: Cell) -> dict[str, WeightsSource] | str:
        """Return the weights that a cell's parameters name, fetched, by the parameters' values; or why not."""
        found: dict[str, WeightsSource] = {}
        for value in self._weight_values(cell):
            if value not in self._weights:
                self._weights[value] = self._resolve(value)
            source = self._weights[value]
            if isinstance(source, str):
                return source
            found[value] = source
        return found

    def notes(self, cell: Cell) -> tuple[str, ...]:
        """Return what a record should say of its data and weights."""
        weights = [name for name in self._weight_values(cell) if name in self._catalogue.weight_ids()]
        sources = {"the data are": self._catalogue.dataset(cell.data.dataset).provenance()}
        sources.update({f"the weights '{name}' are": self._catalogue.weights(name).provenance() for name in weights})
        return tuple(FIRST_SEEN.format(what) for what, said in sources.items() if said.get("first_seen_hash"))

    def _data_problem(self, name: str, *, fetch: bool) -> str:
        dataset = self._catalogue.dataset(name)
        availability = dataset.availability()
        if not availability.ok:
            how = f"; {availability.how}" if availability.how else ""
            return f"dataset '{name}': {availability.reason}{how}"
        if fetch:
            try:
                dataset.fetch(progress=True)
            except DataError as error:
                return str(error)
        return ""

    def _weight_values(self, cell: Cell) -> list[str]:
        values: list[str] = []
        for spec in cell.chain:
            kind = self._registry.entry(spec.id).item
            names = [] if kind is None else [p.name for p in kind.parameters if p.kind == "weights"]
            values += [str(spec.parameters[name]) for name in names if spec.parameters[name]]
        return values

    def _resolve(self, value: str) -> WeightsSource | str:
        try:
            if value in self._catalogue.weight_ids():
                file = self._catalogue.weights(value)
                path = file.fetch(progress=True)
                return WeightsSource(str(path.resolve()), file.hash())
            path = Path(value).expanduser()
            if not path.exists():
                return f"weights '{value}': no such file or folder, and no such id in the catalogue"
            return WeightsSource(str(path.resolve()), hash_path(path))
        except HarnessError as error:
            return str(error)
