"""The catalogue: every dataset and weight file that `datasets.toml` and installed packages declare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from harness.config import TomlData, TomlSource
from harness.datasets.dataset import Dataset
from harness.datasets.declared.checks import check_dataset, check_weights
from harness.datasets.declared.declaration import CatalogueFile, WeightsDeclaration
from harness.datasets.references import check_references
from harness.datasets.weights import WeightsFile, variants_of
from harness.errors import ConfigError, Gathered, RegistryError, nearest
from harness.shipped import shipped_folder

T = TypeVar("T")
FILE_NAME = "datasets.toml"
ENTRY_POINT_GROUP = "harness.datasets"


class _Layered(Mapping[str, T]):
    """What a catalogue declares, and below it what another one does, which is read when it is first needed."""

    def __init__(self, below: Callable[[], Mapping[str, T]]) -> None:
        self.own: dict[str, T] = {}
        self._below = below

    def __getitem__(self, name: str) -> T:
        return self.own[name] if name in self.own else self._below()[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from (name for name in self._below() if name not in self.own)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Catalogue:
    """Datasets and weights by id.

    `below` is the file of a catalogue whose entries are known too, but for ids that are declared here.
    """

    def __init__(self, below: Path | None = None) -> None:
        self._below = below
        self._datasets: _Layered[Dataset] = _Layered(lambda: self._lower._datasets if self._below else {})
        self._weights: _Layered[WeightsFile] = _Layered(lambda: self._lower._weights if self._below else {})
        self._origins: dict[tuple[str, str], str] = {}
        self.broken: dict[str, str] = {}
        """Entry points that could not be loaded, with the reason."""

    @cached_property
    def _lower(self) -> Catalogue:
        lower = Catalogue()
        assert self._below is not None
        lower.add_file(self._below)
        return lower

    def add_file(self, path: Path, origin: str = "") -> None:
        """Add everything a catalogue file declares.

        Raises `ConfigError` for a file that is not valid, with every mistake of it that does not follow from another,
        and `RegistryError` for an id that is taken.
        """
        source, found = TomlSource(path), Gathered()
        with found.noting():
            source.validate(CatalogueFile)
        part = source.sound_part(CatalogueFile, {"schema": 1}, entries_whole=True) if found.problems else source
        if part is not None:
            declared = source.data.get("datasets")
            names = list(declared) if isinstance(declared, dict) else []
            self._add_sound(part, names, path, origin or str(path), found)
        found.raise_all()

    def _add_sound(self, source: TomlData, names: Iterable[str], path: Path, origin: str, found: Gathered) -> None:
        """Add what a file declares as far as it can be used, and note what is wrong with the rest.

        `names` are those of all its datasets, also of those that are no part of `source`.
        """
        declared = source.validate(CatalogueFile)
        datasets, weights = {}, {}
        for name, dataset in declared.datasets.items():
            with found.noting():
                check_dataset(source, name, dataset)
                self._claim("dataset", name, origin)
                self._datasets.own[name] = Dataset(name, dataset, path.resolve().parent)
                datasets[name] = dataset
        for name, entry in declared.weights.items():
            with found.noting():
                check_weights(source, name, entry)
                self._add_weights(name, entry, path, origin)
                weights[name] = entry
        sound = declared.model_copy(update={"datasets": datasets, "weights": weights})
        with found.noting():
            check_references(source, sound, self._datasets, self._weights, set(names) - set(datasets))

    def _add_weights(self, name: str, declaration: WeightsDeclaration, path: Path, origin: str) -> None:
        for full_name, variant in variants_of(name, declaration).items():
            self._claim("weights", full_name, origin)
            self._weights.own[full_name] = WeightsFile(full_name, variant, path.resolve().parent)

    def _claim(self, kind: str, name: str, origin: str) -> None:
        taken = self._origins.get((kind, name))
        if taken is not None:
            raise RegistryError(f"{kind} '{name}' is declared twice: by {taken} and by {origin}")
        self._origins[kind, name] = origin

    def dataset(self, name: str) -> Dataset:
        """Return a dataset; raises `RegistryError` with the nearest match for an unknown id."""
        if name not in self._datasets:
            raise RegistryError(f"unknown dataset '{name}'{nearest(name, self._datasets)}")
        return self._datasets[name]

    def dataset_ids(self) -> tuple[str, ...]:
        """Return the ids of all datasets, sorted."""
        return tuple(sorted(self._datasets))

    def weights(self, name: str) -> WeightsFile:
        """Return a weights entry; raises `RegistryError` with the nearest match for an unknown id."""
        if name not in self._weights:
            raise RegistryError(f"unknown weights '{name}'{nearest(name, self._weights)}")
        return self._weights[name]

    def weight_ids(self) -> tuple[str, ...]:
        """Return the ids of all weights, sorted."""
        return tuple(sorted(self._weights))


def load_catalogue(path: Path | Sequence[Path] | None = None) -> Catalogue:
    """Return the catalogue of one or more files and of the entry points of "harness.datasets".

    Without a path: the `datasets.toml` of the current folder or of the nearest one above it. Below them lies the one
    that ships with the package: its entries are known too, but for ids that are declared again. An entry point is a
    path, or a callable that returns one; a broken one is kept in `Catalogue.broken`.
    """
    paths = [path] if isinstance(path, Path) else list(path or [find_catalogue()])
    shipped = shipped_folder() / FILE_NAME
    is_below = shipped.is_file() and shipped.resolve() not in {one.resolve() for one in paths}
    catalogue = Catalogue(shipped if is_below else None)
    found = Gathered()
    for one in paths:
        with found.noting():
            catalogue.add_file(one)
    found.raise_all()
    for point in entry_points(group=ENTRY_POINT_GROUP):
        origin = f"{point.dist.name if point.dist else 'entry point'} ({point.value})"
        try:
            loaded: Any = point.load()
            extra = Path(loaded() if callable(loaded) else loaded)
        except Exception as error:  # a plug-in may fail in any way; it is listed with its reason, not hidden
            catalogue.broken[origin] = f"{type(error).__name__}: {error}"
            continue
        catalogue.add_file(extra, origin)
    return catalogue


def find_catalogue(start: Path | None = None) -> Path:
    """Return the nearest `datasets.toml` from a folder (the current one) upwards, else the one that ships."""
    here = (start or Path.cwd()).resolve()
    shipped = shipped_folder()
    for folder in (here, *here.parents, shipped):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise ConfigError(f"no {FILE_NAME} in {here}, above it, or in {shipped}")
