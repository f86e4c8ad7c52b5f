"""What code a stage runs and which versions of libraries: digests of sources, and installed distributions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.hashing import hash_file, hash_value
from harness.model import DISTRIBUTION

HERE = Path(__file__).resolve().parents[1]
"""The folder that holds this package."""
_OWN = __name__.partition(".")[0]


@cache
def module_code(module: str, folder: Path = HERE) -> str:
    """Return the digest of a module and of all that it imports of its own top-level package, however far away.

    Imports inside functions count, those for types alone do not; nor do docstrings. `folder` is the one that holds the
    top-level package. What no source is found for counts for nothing.
    """
    root = module.partition(".")[0]
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found and name.partition(".")[0] == root:
            source = _source(name, folder)
            if source is not None:
                found[name] = source.digest
                waiting.extend(source.imports)
    return hash_value(found)


def file_code(path: Path) -> str:
    """Return the digest of a plug-in file, and of the modules beside it that it imports, however far away.

    This package is none of them, although a plug-in may lie beside it: stages of it have digests of their own. Files
    are read anew at each call, as a plug-in is edited between two of them. What is no Python counts by its bytes.
    """
    found: dict[str, str] = {}
    waiting = [(path, "")]
    while waiting:
        file, package = waiting.pop()
        name = file.relative_to(path.parent).as_posix()
        if name in found:
            continue
        found[name] = hash_file(file)
        try:
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):  # its import says so
            continue
        for module in _with_parents(_imports(tree, package)):
            beside = _path(module, path.parent)
            if beside is not None:
                inner = module if beside.name == "__init__.py" else module.rpartition(".")[0]
                waiting.append((beside, inner))
    return found[path.name] if len(found) == 1 else hash_value(found)


def installed_version(distribution: str) -> str:
    """Return the version of a distribution, "" if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def library_versions(modules: Iterable[str]) -> dict[str, str]:
    """Return the versions of the distributions that bring importable modules, and of what those require, by name."""
    found: dict[str, str] = {}
    for distribution in dict.fromkeys(name for module in modules for name in _distributions(module.partition(".")[0])):
        for name in (distribution, *_required(distribution)):
            installed = installed_version(name)
            if installed:
                found[canonicalize_name(name)] = installed
    return dict(sorted(found.items()))


def own_versions() -> Mapping[str, str]:
    """Return the versions of this distribution and of what it requires without extras."""
    names = (canonicalize_name(DISTRIBUTION), *_required(DISTRIBUTION))
    return {name: installed for name in sorted(names) if (installed := installed_version(name))}


@dataclass(frozen=True, slots=True)
class _Source:
    digest: str
    imports: tuple[str, ...]


@cache
def _source(module: str, folder: Path) -> _Source | None:
    path = _path(module, folder)
    if path is None:
        return None
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return _Source(hash_value(_without_docstrings(text, tree)), tuple(dict.fromkeys(_imports(tree, package))))


def _path(module: str, folder: Path) -> Path | None:
    base = folder.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _imports(node: ast.AST, package: str) -> Iterator[str]:
    """Yield what a tree imports: modules, and names that may be modules."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            parents = package.split(".")
            base = ".".join(parents[: len(parents) - child.level + 1]) if child.level else ""
            target = ".".join(part for part in (base, child.module or "") if part)
            yield target
            yield from (f"{target}.{alias.name}" for alias in child.names)
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from _imports(child, package)


def _with_parents(modules: Iterable[str]) -> Iterator[str]:
    """Yield modules of other packages than this one, and the packages that they lie in."""
    for module in modules:
        parts = module.split(".")
        if parts[0] not in ("", _OWN):
            yield from (".".join(parts[: length + 1]) for length in range(len(parts)))


def _without_docstrings(text: str, tree: ast.Module) -> list[str]:
    lines = text.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.end_lineno:
                lines[first.lineno - 1 : first.end_lineno] = [""] * (first.end_lineno - first.lineno + 1)
    return [line.rstrip() for line in lines if line.strip()]


@cache
def _by_module() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def _distributions(module: str) -> tuple[str, ...]:
    return (module,) if installed_version(module) else tuple(dict.fromkeys(_by_module().get(module, ())))


@cache
def _required(distribution: str) -> tuple[str, ...]:
    """Return the names that a distribution requires here without extras."""
    try:
        declared = [Requirement(line) for line in requires(distribution) or ()]
    except PackageNotFoundError:
        return ()
    return tuple(
        canonicalize_name(one.name) for one in declared if one.marker is None or one.marker.evaluate({"extra": ""})
    )
