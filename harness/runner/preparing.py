"""Before anything runs: which cells have their data and weights; they are fetched here, on no cell's deadline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from harness.bundles import MethodCard, open_container, read_manifest
from harness.datasets.fetching.places import expanded
from harness.datasets.overlap import Contamination, contamination
from harness.errors import DataError, HarnessError
from harness.hashing import hash_path
from harness.jobs.messages import Recipe, WeightsSource
from harness.model import Cell, Fold
from harness.registry import StageRegistry
from harness.suite import recipe_bases, recipe_data, recipe_of, recipe_spec, weights_hash
from harness.suite.declared import SUBMITTED, declared_contamination

if TYPE_CHECKING:
    from harness.datasets import Catalogue
    from harness.datasets.declared.declaration import Recipe as DeclaredRecipe

HASH_NOTES = {
    "first_seen_hash": "no published checksum: {} are pinned by the first download",
    "listed_hash": "checksum stated by the archive's own listing: {} were verified against it at the first download",
}
"""Notes on files whose declaration states no hash, by the key that their provenance has."""
TRAINED_HERE = "the weights '{}' were trained here: stage '{}' on dataset '{}'"
"""Note on weights that stand for others, which nobody can download here."""


class Preparation:
    """Answers for each dataset and weights value once: what is missing and why, or where it lies."""

    def __init__(self, catalogue: Catalogue, registry: StageRegistry) -> None:
        self._catalogue = catalogue
        self._registry = registry
        self._datasets: dict[str, str] = {}
        self._weights: dict[str, WeightsSource | str] = {}
        self._cards: dict[str, MethodCard] = {}

    def missing_data(self, cell: Cell, *, fetch: bool) -> str:
        """Return why a cell's data cannot be had, "" if they can; with `fetch` they are there afterwards."""
        return self._problem_of(cell.data.dataset, fetch=fetch)

    def weights(self, cell: Cell) -> dict[str, WeightsSource] | str:
        """Return the weights that a cell's parameters name, fetched, by the parameters' values; or why not."""
        found: dict[str, WeightsSource] = {}
        for value in self._weight_values(cell):
            source = self._resolved(value)
            if isinstance(source, str):
                return source
            seen = self._seen(cell, value)
            if seen.outcome == "overlapping":  # a description that was not on this machine when cells were expanded
                return seen.reason
            found[value] = source
        return found

    def notes(self, cell: Cell) -> tuple[str, ...]:
        """Return what a record should say of its data and weights."""
        values = self._weight_values(cell)
        weights = [name for name in values if name in self._catalogue.weight_ids()]
        sources = {"the data": self._catalogue.dataset(cell.data.dataset).provenance()}
        sources.update({f"the weights '{name}'": self._catalogue.weights(name).provenance() for name in weights})
        pinned = [note for what, said in sources.items() for note in hash_notes(what, said)]
        recipes = {name: recipe_of(self._catalogue, name) for name in weights}
        trained = [TRAINED_HERE.format(name, one.stage, one.dataset) for name, one in recipes.items() if one]
        return (*pinned, *trained, *self._unknown(cell, values))

    def contamination(self, cell: Cell) -> Literal["", "clean", "unknown"]:
        """Return whether the cell's weights have seen its sample; "" where it uses none.

        Weights that have seen it never get here: such cells are refused when they are expanded.
        """
        values = self._weight_values(cell)
        if not values:
            return ""
        return "unknown" if any(self._unknown(cell, values)) else "clean"

    def _unknown(self, cell: Cell, values: list[str]) -> Iterator[str]:
        """Yield a note for each weights value of which nobody can say that it has not seen the sample."""
        for name in values:
            found = self._seen(cell, name)
            if found.outcome == "unknown":
                yield found.reason

    def _seen(self, cell: Cell, name: str) -> Contamination:
        if self._is_bundle(cell, name):
            return declared_contamination(self._catalogue, self._card(name), cell.data.dataset, cell.sample)
        tested = Fold(cell.fold.id, (cell.sample,))
        return contamination(self._catalogue, name, self._catalogue.dataset(cell.data.dataset), tested)

    def _is_bundle(self, cell: Cell, value: str) -> bool:
        return any(spec.id == SUBMITTED and value in spec.parameters.values() for spec in cell.chain)

    def _card(self, path: str) -> MethodCard:
        """Return the method card of a bundle, read once."""
        if path not in self._cards:
            with open_container(expanded(path, "bundle")) as container:
                self._cards[path] = read_manifest(container).method
        return self._cards[path]

    def _problem_of(self, name: str, *, fetch: bool) -> str:
        if name not in self._datasets:
            self._datasets[name] = self._data_problem(name, fetch=fetch)
        return self._datasets[name]

    def _to_train(self, name: str, recipe: DeclaredRecipe) -> WeightsSource | str:
        """Return weights that a worker trains when it first needs them; their data are fetched now."""
        problem = self._problem_of(recipe.dataset, fetch=True)
        if problem:
            return f"weights '{name}': {problem}"
        bases: dict[str, WeightsSource] = {}
        for base in recipe_bases(name, self._catalogue, self._registry):
            source = self._resolved(base)
            if isinstance(source, str):
                return f"weights '{name}': {source}"
            bases[base] = source
        wanted = Recipe(
            recipe_spec(recipe, name, self._registry),
            recipe_data(recipe, self._catalogue),
            tuple(recipe.samples),
            tuple(recipe.validation),
            bases,
        )
        return WeightsSource("", weights_hash(name, self._catalogue, self._registry), wanted)

    def _data_problem(self, name: str, *, fetch: bool) -> str:
        dataset = self._catalogue.dataset(name)
        availability = dataset.availability()
        if not availability.ok:
            return f"dataset '{name}': {availability}"
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

    def _resolved(self, value: str) -> WeightsSource | str:
        """Return weights, or why they cannot be had; asked once for each value."""
        if value not in self._weights:
            self._weights[value] = self._resolve(value)
        return self._weights[value]

    def _resolve(self, value: str) -> WeightsSource | str:
        try:
            if value in self._catalogue.weight_ids():
                recipe = recipe_of(self._catalogue, value)
                if recipe is not None:
                    return self._to_train(value, recipe)
                file = self._catalogue.weights(value)
                path = file.fetch(progress=True)
                return WeightsSource(str(path.resolve()), file.hash())
            path = expanded(value, "weights")
            if not path.exists():
                return f"weights '{value}': no such file or folder, and no such id in the catalogue"
            return WeightsSource(str(path.resolve()), hash_path(path))
        except (HarnessError, OSError) as error:
            return str(error)


def hash_notes(what: str, provenance: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a record should say of files whose declaration states no hash."""
    notes = [note for key, note in HASH_NOTES.items() if provenance.get(key)]
    named = what if len(notes) == 1 else f"some files of {what}"
    return tuple(note.format(named) for note in notes)
