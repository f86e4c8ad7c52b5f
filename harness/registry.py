"""Registries of stages and metrics: in-tree modules, entry points and single files go through the same call."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from harness.errors import BackendError, RegistryError, nearest

if TYPE_CHECKING:
    from harness.stages.contract import Stage

DISTRIBUTION = "segmentation-harness"


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered name: what it is, where it comes from, and why it cannot be used (`reason` "" if it can)."""

    id: str
    item: Any
    origin: str
    reason: str = ""
    install: str = ""


class Registry:
    """Entries of one kind, by id; a doubled id is an error, a broken plug-in is kept and explained."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        """Register an entry; raises `RegistryError` if another origin has taken its id."""
        taken = self._entries.get(entry.id)
        if taken is not None:
            raise RegistryError(
                f"{self.kind} '{entry.id}' is registered twice: by {taken.origin} and by {entry.origin}"
            )
        self._entries[entry.id] = entry

    def entry(self, name: str) -> Entry:
        """Return the entry of an id; raises `RegistryError` with the nearest match."""
        if name not in self._entries:
            raise RegistryError(f"unknown {self.kind} '{name}'{nearest(name, self._entries)}")
        return self._entries[name]

    def get(self, name: str) -> Any:
        """Return the item of an id; raises `BackendError` with its reason if it is a broken plug-in."""
        entry = self.entry(name)
        if entry.item is None:
            raise BackendError(f"{self.kind} '{name}' from {entry.origin} is broken: {entry.reason}")
        return entry.item

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.id))


@cache
def stages() -> Registry:
    """Return every stage: the modules below `harness.stages`, then the entry points of "harness.stages".

    Modules whose name begins with an underscore are left alone: they may import a heavy library.
    """
    registry = Registry("stage")
    package = importlib.import_module("harness.stages")
    for module in pkgutil.walk_packages(package.__path__, "harness.stages."):
        if "._" not in module.name:
            add_module_stages(registry, importlib.import_module(module.name), module.name)
    for point in entry_points(group="harness.stages"):
        _add_entry_point(registry, point)
    return registry


@cache
def metrics() -> Registry:
    """Return every metric: those of `harness.metrics`, then the entry points of "harness.metrics"."""
    registry = Registry("metric")
    for metric in importlib.import_module("harness.metrics").METRICS:
        registry.add(Entry(metric.id, metric, "harness.metrics"))
    for point in entry_points(group="harness.metrics"):
        _add_entry_point(registry, point)
    return registry


def add_module_stages(registry: Registry, module: ModuleType, origin: str) -> None:
    """Register the concrete `Stage` classes that a module defines."""
    from harness.stages.contract import Stage

    for item in vars(module).values():
        is_own_stage = isinstance(item, type) and issubclass(item, Stage) and item.__module__ == module.__name__
        if is_own_stage and "id" in vars(item):
            registry.add(stage_entry(item, origin))


def add_file(registry: Registry, path: Path) -> None:
    """Register the stages of a single Python file (`harness run … --plugin my_method.py`)."""
    name = f"harness_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise RegistryError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    add_module_stages(registry, module, str(path))


def stage_entry(stage: type[Stage], origin: str) -> Entry:
    """Return the entry of a stage class, with the reason and the install line if a module or a version is not here."""
    absent = [module for module in stage.needs if importlib.util.find_spec(module) is None]
    unfit = {name: reason for name in stage.needs_versions if (reason := _unfit(Requirement(name)))}
    if not absent and not unfit:
        return Entry(stage.id, stage, origin)
    reason = "; ".join([*([f"not installed: {', '.join(absent)}"] if absent else []), *unfit.values()])
    install = f"pip install '{f'.[{stage.extra}]' if stage.extra else ' '.join([*absent, *unfit])}'"
    if unfit and stage.extra:
        install += f" in an environment whose Python {interpreter_variable(stage.extra)} names"
    return Entry(stage.id, stage, origin, reason, install)


def interpreter_variable(extra: str) -> str:
    """Return the environment variable that names the Python in which the stages of an extra run."""
    return f"HARNESS_PYTHON_{extra.upper().replace('-', '_')}"


def _unfit(requirement: Requirement) -> str:
    """Return what is installed instead of the version required; "" if it is that version, or not there at all."""
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return ""
    if requirement.specifier.contains(found, prereleases=True):
        return ""
    return f"{requirement.name} {found} is installed; needs {requirement.specifier}"


def _add_entry_point(registry: Registry, point: Any) -> None:
    origin = f"{point.dist.name if point.dist else 'entry point'} ({point.value})"
    try:
        item = point.load()
        entry = stage_entry(item, origin) if registry.kind == "stage" else Entry(item.id, item, origin)
    except Exception as error:  # a plug-in may fail in any way; it is listed with its reason, not hidden
        entry = Entry(point.name, None, origin, f"{type(error).__name__}: {error}")
    registry.add(entry)
