"""The arrows of the package, read from its syntax trees: who may import whom, what stays light, what has a test."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGE = REPOSITORY / "harness"
TESTS = REPOSITORY / "tests"
MOST_LINES = 400

LAYERS: tuple[tuple[str, ...], ...] = (
    ("regular_files",),
    ("collection", "errors", "escaping", "families", "hashing", "shipped", "statistics", "toml_lines"),
    ("interpreters", "threads", "clock", "memory", "process_state", "compiling", "library_functions", "streams"),
    ("parameters", "model", "config", "beside"),
    ("store", "identity"),
    ("stages.values", "stages.slots", "stages.contract", "stages.chain", "stages.verification"),
    ("registry",),
    ("provenance", "jobs", "predictions", "bundles", "archives", "descriptions", "advisories"),
    ("datasets", "stages", "metrics"),
    ("scoring", "aggregation", "pairing", "short_trainings"),
    ("trying",),
    ("worker",),
    ("claims",),
    ("suite",),
    ("datatables",),
    ("standing", "frames", "objects"),
    ("project",),
    ("runner", "tables", "gating", "status", "submission", "audit"),
    ("report",),
    ("cli",),
)
"""Lowest first: a module imports only from lower layers and from its own part. A part's name covers what lies in it."""

EXEMPT = ("harness", "harness.__main__")
"""The lazy public names and the entry of `python -m harness`."""

NUMPY_FREE = ("harness", "harness.errors", "harness.hashing", "harness.parameters", "harness.model", "harness.config",
              "harness.toml_lines", "harness.registry", "harness.stages.values", "harness.stages.slots",
              "harness.stages.contract", "harness.stages.chain")  # fmt: skip
HEAVY = frozenset(
    ("torch", "tensorflow", "stardist", "cellpose", "csbdeep", "skimage", "bioimage_cpp", "elf", "hdbscan", "sklearn",
     "numba", "pandas", "scipy", "dask", "distributed", "matplotlib", "zarr", "h5py", "bioimageio", "onnxruntime",
     "transformers")
)  # fmt: skip
LAZY_IMPORTERS = ("harness.cli", "harness.registry")
"""Where a harness module may be imported inside a function although it is light."""


@dataclass(frozen=True)
class Import:
    """One import statement: the module named, the line, and whether it runs when the importing module is imported."""

    target: str
    line: int
    at_import: bool
    for_types: bool


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(REPOSITORY).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(module: str) -> tuple[Import, ...]:
    """Every import of a module, relative ones made absolute."""
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    return tuple(_walk(tree, module, at_import=True, for_types=False))


def _walk(node: ast.AST, module: str, *, at_import: bool, for_types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            for target in _targets(child, module):
                yield Import(target, child.lineno, at_import, for_types)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.body:
                yield from _walk_one(statement, module, at_import=at_import, for_types=True)
            for statement in child.orelse:
                yield from _walk_one(statement, module, at_import=at_import, for_types=for_types)
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _walk(child, module, at_import=at_import and not is_function, for_types=for_types)


def _walk_one(statement: ast.stmt, module: str, *, at_import: bool, for_types: bool) -> Iterator[Import]:
    yield from _walk(ast.Module([statement], []), module, at_import=at_import, for_types=for_types)


def _targets(node: ast.Import | ast.ImportFrom, module: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        is_package = modules()[module].name == "__init__.py"
        parents = module.split(".")
        kept = parents[: len(parents) - node.level + is_package]
        base = ".".join([*kept, *([node.module] if node.module else [])])
    for alias in node.names:
        whole = f"{base}.{alias.name}"
        yield whole if whole in modules() else base


def part_of(module: str) -> tuple[int, str] | None:
    """The layer of a module and the name of the part it belongs to; the longest name that fits counts."""
    inner = module.removeprefix("harness.")
    fitting = [
        (len(name), level, name)
        for level, names in enumerate(LAYERS)
        for name in names
        if inner == name or inner.startswith(f"{name}.")
    ]
    return max(fitting)[1:] if fitting else None


def is_harness(name: str) -> bool:
    return name == "harness" or name.startswith("harness.")


ALL = [name for name in modules() if name not in EXEMPT]


def test_the_walk_sees_every_kind_of_import() -> None:
    text = """
import harness.errors
from . import chain
from ..model import Volume
if TYPE_CHECKING:
    import torch
def f():
    from harness import registry
class C:
    import numpy
"""
    found = list(_walk(ast.parse(text), "harness.stages.contract", at_import=True, for_types=False))
    assert [(one.target, one.at_import, one.for_types) for one in found] == [
        ("harness.errors", True, False),
        ("harness.stages.chain", True, False),
        ("harness.model", True, False),
        ("torch", True, True),
        ("harness.registry", False, False),
        ("numpy", True, False),
    ]


@pytest.mark.parametrize("module", ALL)
def test_imports_go_downwards(module: str) -> None:
    place = part_of(module)
    assert place is not None, f"{module} has no layer; add its part to LAYERS"
    level, part = place
    for one in imports(module):
        if not is_harness(one.target) or one.for_types:
            continue
        target = part_of(one.target)
        assert target is not None, f"{module}:{one.line} imports {one.target}, which has no layer"
        allowed = target[0] < level or target[1] == part or _in_one_open_layer(target, level)
        is_lazy_registry = module == "harness.registry" and not one.at_import
        assert allowed or is_lazy_registry, f"{module}:{one.line} imports {one.target}, which lies above or beside it"


def _in_one_open_layer(target: tuple[int, str], level: int) -> bool:
    """Parts of one layer may use each other (no cycles, see below), but datasets, stages and metrics may not."""
    return target[0] == level and "metrics" not in LAYERS[level]


@pytest.mark.parametrize("module", ALL)
def test_types_come_from_below_too(module: str) -> None:
    """Annotations may name a module of the same layer or below; the registry and the public names may look up."""
    place = part_of(module)
    assert place is not None
    for one in imports(module):
        if one.for_types and is_harness(one.target) and module not in LAZY_IMPORTERS:
            target = part_of(one.target)
            assert target is not None, one.target
            assert target[0] <= place[0], f"{module}:{one.line} names types of {one.target}, which lies above it"


def test_there_are_no_cycles() -> None:
    """Imports inside functions count too: a circle that is closed when a function is called is one all the same."""
    graph = {
        module: {
            one.target
            for one in imports(module)
            if one.target in modules() and one.target != module and not one.for_types
        }
        for module in modules()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"import cycle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("module", [name for name in modules() if name.startswith("harness.worker")])
def test_a_worker_knows_neither_runs_nor_suites(module: str) -> None:
    assert not [one for one in imports(module) if one.target.startswith(("harness.runner", "harness.suite"))]


@cache
def loaded_at_import(module: str) -> frozenset[str]:
    """Libraries that importing a module loads, through whatever harness module."""
    seen: set[str] = set()
    waiting = [module]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in modules():
            continue
        seen.add(name)
        waiting.append(name.rpartition(".")[0])
        for one in imports(name):
            if one.at_import and not one.for_types:
                found.add(one.target.split(".")[0])
                waiting.append(one.target)
    return frozenset(found)


LIGHT = [name for name in modules() if name.startswith(("harness.stages", "harness.cli")) and "._" not in name]
"""What the registry and the command line import; modules whose name begins with _ are imported by their stage."""


@pytest.mark.parametrize("module", [*LIGHT, "harness.metrics", "harness.suite", "harness.datasets", "harness.store"])
def test_what_the_registry_and_the_command_line_import_is_light(module: str) -> None:
    heavy = loaded_at_import(module) & HEAVY
    assert not heavy, f"{module} loads {sorted(heavy)} when it is imported"


@pytest.mark.parametrize("module", NUMPY_FREE)
def test_the_core_does_not_need_numpy_to_be_imported(module: str) -> None:
    roots = {one.target.split(".")[0] for one in imports(module) if one.at_import and not one.for_types}
    assert not roots & (HEAVY | {"numpy"})
    assert roots <= set(sys.stdlib_module_names) | {"harness", "packaging", "pydantic"}


@pytest.mark.parametrize("module", ALL)
def test_harness_modules_are_imported_at_the_top(module: str) -> None:
    """Only what loads NumPy or more may wait for a function, except for the command line and the registry."""
    if module.startswith(LAZY_IMPORTERS):
        return
    for one in imports(module):
        if is_harness(one.target) and not one.at_import and not one.for_types:
            is_heavy = loaded_at_import(one.target) & (HEAVY | {"numpy"})
            assert is_heavy, f"{module}:{one.line} imports {one.target} inside a function"


@pytest.mark.parametrize("module", list(modules()))
def test_modules_are_short(module: str) -> None:
    lines = len(modules()[module].read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{module} has {lines} lines"


@pytest.mark.parametrize("module", [name for name, path in modules().items() if not path.name.startswith("__")])
def test_every_module_has_a_test_of_its_name(module: str) -> None:
    *folders, name = module.split(".")[1:]
    expected = TESTS.joinpath(*folders, f"test_{name.lstrip('_')}.py")
    assert expected.is_file(), f"{module} has no {expected.relative_to(REPOSITORY).as_posix()}"


@pytest.mark.parametrize("folder", sorted({path.parent for path in TESTS.rglob("test_*.py")}), ids=lambda p: p.name)
def test_test_folders_are_packages(folder: Path) -> None:
    assert (folder / "__init__.py").is_file(), f"{folder.relative_to(REPOSITORY).as_posix()} has no __init__.py"


@pytest.mark.parametrize("module", ALL)
def test_nothing_is_printed_outside_the_command_line(module: str) -> None:
    if module.startswith("harness.cli"):
        return
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{module}:{node.lineno} prints"
        assert not isinstance(node, ast.Global), f"{module} changes a global name"
