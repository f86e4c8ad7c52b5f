"""Registries of stages and metrics: in-tree modules, entry points and single files go through the same call."""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from packaging.requirements import Requirement

from harness.errors import BackendError, RegistryError, nearest
from harness.escaping import one_line
from harness.families import Family
from harness.identity import file_code, installed_version, module_code
from harness.model import DISTRIBUTION, Origin

if TYPE_CHECKING:
    from harness.metrics import Metric
    from harness.stages.contract import Stage

T = TypeVar("T")
_UNKNOWN_FIELD = re.compile(r"\bMetric\.__init__\(\) got an unexpected keyword argument '(\w+)'")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A registered name: what it is, where it comes from, and why it cannot be used (`reason` "" if it can).

    `code` tells distribution, version and digest of the code; it reads sources when it is first asked.
    """

    id: str
    item: T | None
    origin: str
    reason: str = ""
    install: str = ""
    code: Callable[[], Origin] = field(default=lambda: Origin("", "", ""), compare=False, repr=False)


class Registry(Generic[T]):
    """Entries of one kind, by id; a doubled id is an error, a broken plug-in is kept and explained.

    A name of a family is as good as an entry, but only entries are gone through.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry[T]] = {}
        self._families: dict[str, tuple[Family[T], str]] = {}
        self._made: dict[str, Entry[T]] = {}

    def add(self, entry: Entry[T]) -> None:
        """Register an entry; raises `RegistryError` if another origin has taken its id."""
        taken = self._entries.get(entry.id) or self._of_a_family(entry.id)
        if taken is not None:
            raise RegistryError(
                f"{self.kind} '{entry.id}' is registered twice: by {taken.origin} and by {entry.origin}"
            )
        self._entries[entry.id] = entry

    def add_family(self, family: Family[T], origin: str) -> None:
        """Register a family; its names are looked for after the entries."""
        self._families[family.id] = (family, origin)

    @property
    def families(self) -> tuple[Family[T], ...]:
        """The families, in the order of their ids."""
        return tuple(self._families[name][0] for name in sorted(self._families))

    def near(self, name: str) -> str:
        """Return the tail of a message about an unknown name: how names of its family are written, or the nearest."""
        stems = {family.stem: family for family in self.families}
        own = [stem for stem in stems if f"{name}.".startswith(stem)]
        if own:
            family = stems[max(own, key=len)]
            return f"; accepted: '{family.id}', as '{family.example}'"
        return nearest(name, [*self._entries, *self._families])

    def entry(self, name: str) -> Entry[T]:
        """Return the entry of an id; raises `RegistryError` with the nearest match."""
        if name in self._families:
            example = self._families[name][0].example
            raise RegistryError(f"'{name}' stands for many {self.kind}s; accepted: one of them, as '{example}'")
        found = self._entries.get(name) or self._of_a_family(name)
        if found is None:
            raise RegistryError(f"unknown {self.kind} '{name}'{self.near(name)}")
        return found

    def _of_a_family(self, name: str) -> Entry[T] | None:
        """Return the entry of a name that a family knows, made once."""
        for family, origin in self._families.values():
            if name not in self._made and (item := family.make(name)) is not None:
                self._made[name] = Entry(name, item, origin)
        return self._made.get(name)

    def get(self, name: str) -> T:
        """Return the item of an id; raises `BackendError` with its reason if it is a broken plug-in."""
        entry = self.entry(name)
        if entry.item is None:
            raise BackendError(f"{self.kind} '{name}' from {entry.origin} is broken: {entry.reason}")
        return entry.item

    def copy(self) -> Registry[T]:
        """Return a registry of the same entries, to which more can be added."""
        copied: Registry[T] = Registry(self.kind)
        copied._entries.update(self._entries)
        copied._families.update(self._families)
        return copied

    def __contains__(self, name: object) -> bool:
        return name in self._entries or (isinstance(name, str) and self._of_a_family(name) is not None)

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.id))


StageRegistry = Registry["type[Stage]"]
MetricRegistry = Registry["Metric"]


@cache
def stages() -> StageRegistry:
    """Return every stage: the modules below `harness.stages`, then the entry points of "harness.stages".

    Modules whose name begins with an underscore are left alone: they may import a heavy library.
    """
    registry: StageRegistry = Registry("stage")
    package = importlib.import_module("harness.stages")
    for module in pkgutil.walk_packages(package.__path__, "harness.stages."):
        if "._" not in module.name:
            add_module_stages(registry, importlib.import_module(module.name), module.name)
    for point in entry_points(group="harness.stages"):
        _add_entry_point(registry, point)
    return registry


@cache
def metrics() -> MetricRegistry:
    """Return every metric: those of `harness.metrics`, then the entry points of "harness.metrics"."""
    registry: MetricRegistry = Registry("metric")
    own = importlib.import_module("harness.metrics")
    for metric in own.METRICS:
        registry.add(Entry(metric.id, metric, "harness.metrics"))
    for family in own.FAMILIES:
        registry.add_family(family, "harness.metrics")
    for point in entry_points(group="harness.metrics"):
        _add_entry_point(registry, point)
    return registry


def add_module_stages(registry: StageRegistry, module: ModuleType, origin: str) -> None:
    """Register the concrete `Stage` classes that a module defines; raises `RegistryError` for a broken contract."""
    code = partial(_code_of_module, module.__name__)
    for stage in _own_stages(module):
        if "id" in vars(stage):
            registry.add(verified(stage, origin, code))


def add_file(path: Path, stages: StageRegistry, metrics: MetricRegistry) -> None:
    """Register the stages and metrics of a single Python file (`harness run … --plugin my_method.py`).

    A metric is a `harness.Metric` at the level of the module, or one of its tuple METRICS where it has one. Raises
    `RegistryError`, in one line, for a file that is no Python, that cannot be imported, with neither a stage nor a
    metric, and with every mistake of what it defines.
    """
    if path.suffix != ".py" or not path.is_file():
        raise RegistryError(f"{path}: not a Python file")
    digest = file_code(path)
    module = _imported(path, f"harness_plugin_{path.stem}_{digest[:12]}")
    own_stages, own_metrics = _concrete(_own_stages(module)), _own_metrics(module)
    if not own_stages and not own_metrics:
        raise RegistryError(
            f"{path}: no stage and no metric in it; accepted: a class that derives from harness.Stage, or an object of "
            "harness.Metric"
        )
    problems = [*_stage_problems(own_stages), *_metric_problems(own_metrics)]
    if problems:
        raise RegistryError(f"{path}: {'; '.join(problems)}")
    origin = Origin(path.name, "", digest)
    for stage in own_stages:
        stages.add(replace(stage_entry(stage, str(path)), code=lambda: origin))
    for metric in own_metrics:
        metrics.add(Entry(metric.id, metric, str(path), code=lambda: origin))


def verified(stage: type[Stage], origin: str, code: Callable[[], Origin]) -> Entry[type[Stage]]:
    """Return the entry of a stage class that keeps the contract, with the reason if something it needs is not here.

    Raises `RegistryError` with every mistake of the class in one line.
    """
    for problem in _stage_problems([stage]):
        raise RegistryError(f"{origin}: {problem}")
    return replace(stage_entry(stage, origin), code=code)


def _stage_problems(stages: Sequence[type[Stage]]) -> Iterator[str]:
    """Yield a clause for each class that does not keep the contract, with all its mistakes."""
    from harness.stages.verification import mistakes

    for stage in stages:
        if found := mistakes(stage):
            yield f"stage {stage.__name__}: {'; '.join(found)}"


def _metric_problems(metrics: Sequence[Metric], *, measured: bool = True) -> Iterator[str]:
    """Yield a clause for each metric that does not keep the contract, with all its mistakes.

    Unless it is `measured`, its edge cases are taken at its word.
    """
    from harness.metrics import Metric
    from harness.metrics.verification import disproved, mistakes

    for metric in metrics:
        if not isinstance(metric, Metric):
            yield f"METRICS holds {metric!r}; accepted: a tuple of harness.Metric"
        elif found := mistakes(metric) or (disproved(metric) if measured else ()):
            yield f"metric {metric.id!r}: {'; '.join(found)}"


def stage_entry(stage: type[Stage], origin: str) -> Entry[type[Stage]]:
    """Return the entry of a stage class, with the reason and the install line if a module or a version is not here."""
    absent = [module for module in stage.needs if _is_absent(module)]
    unfit = {name: reason for name in stage.needs_versions if (reason := _unfit(Requirement(name)))}
    if not absent and not unfit:
        return Entry(stage.id, stage, origin)
    reason = "; ".join([*([f"not installed: {', '.join(absent)}"] if absent else []), *unfit.values()])
    return Entry(stage.id, stage, origin, reason, _how(stage, [*absent, *unfit], here=not unfit))


def _how(stage: type[Stage], missing: Sequence[str], *, here: bool) -> str:
    """Return how a stage comes to run whose modules or versions are missing in this Python."""
    if not stage.extra:
        return f"pip install '{' '.join(missing)}'"
    variable = interpreter_variable(stage.extra)
    if os.environ.get(variable):
        return f"suites run it in the Python that {variable} names"
    where = "here or in an" if here else "in an"
    return f"pip install '.[{stage.extra}]' {where} environment whose Python {variable} names"


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


def _own_stages(module: ModuleType) -> list[type[Stage]]:
    from harness.stages.contract import Stage

    found = (item for item in vars(module).values() if isinstance(item, type) and issubclass(item, Stage))
    return [stage for stage in dict.fromkeys(found) if stage.__module__ == module.__name__]


def _concrete(own: Sequence[type[Stage]]) -> list[type[Stage]]:
    """Return the classes that are no mere base of others."""
    bases = {base for stage in own for base in stage.__mro__[1:]}
    return [stage for stage in own if stage not in bases or "id" in vars(stage)]


def _own_metrics(module: ModuleType) -> list[Metric]:
    """Return METRICS of a module, else the metrics at its level that are none of this package."""
    from harness.metrics import METRICS, Metric

    if hasattr(module, "METRICS"):
        return list(module.METRICS) if isinstance(module.METRICS, tuple | list) else [module.METRICS]
    in_tree = {id(metric) for metric in METRICS}
    found = {id(item): item for item in vars(module).values() if isinstance(item, Metric)}
    return [metric for key, metric in found.items() if key not in in_tree]


class _AsItStands(importlib.machinery.SourceFileLoader):
    """Compiles the file itself: kept bytecode passes for current after an edit of equal size in the same second."""

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def _imported(path: Path, name: str) -> ModuleType:
    """Return a file as a module; what it prints goes to stderr, whatever it raises becomes a `RegistryError`.

    What its import changes of the process or replaces in libraries, which other rows would feel, is set back and said
    on stderr.
    """
    from harness.library_functions import LibraryFunctions
    from harness.process_state import ProcessSettings

    spec = importlib.util.spec_from_file_location(name, path, loader=_AsItStands(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    importlib.import_module("harness.metrics")  # with NumPy: what the file replaces there is seen
    functions = LibraryFunctions()
    try:
        with contextlib.redirect_stdout(sys.stderr), ProcessSettings().kept() as changed:
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the file of a user may fail in any way; it is said, not hidden
        del sys.modules[name]
        raise RegistryError(f"{path}: cannot be imported: {one_line(_said(error))}{_hint(error)}") from error
    finally:
        replaced = functions.set_back()
    changed += replaced
    if changed:
        sys.stderr.write(
            f"harness: {path}: its import changed {', '.join(changed)}, which was set back, for other rows would feel "
            "it; what a stage needs of this it sets in load, fit and run\n"
        )
    return module


def _hint(error: BaseException) -> str:
    """Return the nearest field of a metric where an object was made with one that there is not."""
    from harness.metrics import Metric

    unknown = _UNKNOWN_FIELD.search(str(error)) if isinstance(error, TypeError) else None
    return nearest(unknown[1], [one.name for one in fields(Metric)]) if unknown else ""


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _is_absent(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is None
    except ModuleNotFoundError:  # a parent of it is not there
        return True


@cache
def _code_of_module(module: str) -> Origin:
    """Return the origin of a module in the tree or in the package of a plug-in, with the digest of its code."""
    if module.partition(".")[0] == "harness":
        return Origin(DISTRIBUTION, installed_version(DISTRIBUTION), module_code(module))
    root = sys.modules[module.partition(".")[0]]
    file = Path(root.__file__) if root.__file__ else Path(next(iter(root.__path__))) / "__init__.py"
    folder = file.parent.parent if file.name == "__init__.py" else file.parent
    return Origin("", "", module_code(module, folder))


def _add_entry_point(registry: Registry[Any], point: EntryPoint) -> None:
    origin = f"{point.dist.name if point.dist else 'entry point'} ({point.value})"
    try:
        item = point.load()
        if registry.kind == "stage":
            entry = verified(item, origin, partial(_code_of_point, point, item.__module__))
        else:
            for problem in _metric_problems([item], measured=False):
                raise RegistryError(problem)
            entry = Entry(item.id, item, origin, code=partial(_code_of_point, point, point.module))
    except Exception as error:  # a plug-in may fail in any way; it is listed with its reason, not hidden
        entry = Entry(point.name, None, origin, _said(error))
    registry.add(entry)


def _code_of_point(point: EntryPoint, module: str) -> Origin:
    code = _code_of_module(module)
    return replace(code, distribution=point.dist.name, version=point.dist.version) if point.dist else code
