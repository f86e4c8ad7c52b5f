"""A suite laid over the file that it shares with others: what is merged, and where each key of the result stands.

A suite names the file with `shared`, a row takes a method of it with `method`. The suite wins over the head of the
shared file, a row over its method. A key is replaced whole, except that `tiers` are merged: tier by tier, there key by
key, and in `stages` parameter by parameter. So a parameter has the value of the first of these that gives it: the
row's tier, the method's tier, the suite's tier, the shared file's tier, the chain. Nothing shared can be taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from harness.config import SoundPart, TomlData, TomlSource
from harness.errors import Gathered, nearest
from harness.suite.schema import SharedFile
from harness.toml_lines import KeyPath

MERGED = ("tiers", "*", "stages", "*")
"""The way down, from a suite or a row, to the tables that are merged; "*" is any tier or stage."""

NOT_OF_THE_HEAD = ("schema", "methods")
"""Keys of a shared file that a suite does not take over."""


class MergedToml(TomlData):
    """A suite with what its shared file adds; a key path leads to the file that it was taken from."""

    def __init__(self, own: TomlData, shared: TomlData) -> None:
        self.path = own.path
        self._own = own
        self._origins: dict[KeyPath, tuple[TomlData, KeyPath]] = {}
        head = {name: value for name, value in shared.data.items() if name not in NOT_OF_THE_HEAD}
        self.data = self._laid_over(own.data, head, (), (shared, ()))
        methods = dict(named_methods(own))
        if methods:
            rows = enumerate(own.data["rows"])
            self.data["rows"] = [self._row(n, row, methods[n], shared) if n in methods else row for n, row in rows]

    def origin(self, key: Sequence[str | int]) -> tuple[TomlSource, KeyPath]:
        """Return the file in which a key path of the merged data stands, and its key path there."""
        path = tuple(key)
        for length in range(len(path), 0, -1):
            if path[:length] in self._origins:
                file, place = self._origins[path[:length]]
                return file.origin((*place, *path[length:]))
        return self._own.origin(path)

    def _row(self, number: int, own: Mapping[str, Any], method: str, shared: TomlData) -> dict[str, Any]:
        """Return a row laid over its method; tiers of the method that the suite has not are left out."""
        place: KeyPath = ("rows", number)
        said = dict(shared.data["methods"][method])
        tiers = self.data.get("tiers")
        if "tiers" in said and isinstance(tiers, dict):
            said["tiers"] = {tier: overrides for tier, overrides in said["tiers"].items() if tier in tiers}
        row = self._laid_over(own, said, place, (shared, ("methods", method)))
        if "id" not in row:
            row["id"] = method
            self._origins[(*place, "id")] = (self._own, (*place, "method"))
        return row

    def _laid_over(
        self,
        over: Mapping[str, Any],
        under: Mapping[str, Any],
        place: KeyPath,
        origin: tuple[TomlData, KeyPath],
        way: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Return the upper table with what it lacks of the lower one, which is noted to stand at `origin`.

        `place` is the key path of the table in the merged data, `way` the part of it below the suite or the row.
        """
        file, lower = origin
        merged: dict[str, Any] = {}
        for name in {**under, **over}:
            key, said = (*place, name), (*lower, name)
            if name not in over:
                merged[name] = under[name]
                self._origins[key] = (file, said)
            elif name in under and _is_merged((*way, name)) and isinstance(over[name], dict):
                merged[name] = self._laid_over(over[name], under[name], key, (file, said), (*way, name))
            else:
                merged[name] = over[name]
        return merged


def with_shared(source: TomlSource, found: Gathered) -> TomlData:
    """Return a suite with what its shared file adds, or as it is if it names none.

    `found` notes a shared file that is absent, outside the suite's folder or wrong, and unknown methods, with the
    nearest match. What is wrong of the shared file adds nothing then, and rows are left out whose method is not there.
    """
    shared: TomlData | None = None
    with found.noting():
        shared = _shared_file(source, found)
    methods = {} if shared is None else shared.data.get("methods", {})
    declared = methods if shared is None else _declared(shared)
    lacking = [(number, name) for number, name in named_methods(source) if name not in methods]
    for number, name in lacking:
        if name not in declared and (shared is not None or "shared" not in source.data):
            with found.noting():
                problem = f"unknown method '{name}'{_hint(name, declared, source)}"
                raise source.error(("rows", number, "method"), problem)
    own = SoundPart(source, {("rows", number) for number, _ in lacking}, {}) if lacking else source
    return own if shared is None else MergedToml(own, shared)


def read_shared(path: Path, name: str) -> TomlSource:
    """Return a shared file, valid by itself; `name` stands for it in messages. Raises `ConfigError`."""
    source = _parsed(path, name)
    source.validate(SharedFile)
    return source


def shared_names(folder: Path) -> list[str]:
    """Return the names that suites of a folder can give to shared files: every TOML file in a folder below."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/**/*.toml"))


def named_methods(source: TomlData) -> Iterator[tuple[int, str]]:
    """Yield the number of each row that names a method, and the name."""
    rows = source.data.get("rows")
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict) and isinstance(row.get("method"), str):
            yield number, row["method"]


def _parsed(path: Path, name: str) -> TomlSource:
    source = TomlSource(path, name=name)
    if "shared" in source.data:
        raise source.error(("shared",), "a shared file cannot name another shared file")
    return source


def _shared_file(source: TomlSource, found: Gathered) -> TomlData | None:
    """Return what is sound of the shared file, None if a suite names none; raises if nothing of it can be read."""
    if "shared" not in source.data:
        return None
    name = source.data["shared"]
    if not isinstance(name, str) or not _is_below(name):
        accepted = "a TOML file in a folder beside the suite, as in 'shared/methods.toml'"
        raise source.error(("shared",), f"must name {accepted}; found {name!r}")
    folder = source.path.parent
    if not (folder / name).is_file():
        raise source.error(("shared",), f"there is no file '{name}'{nearest(name, shared_names(folder))}")
    whole = _parsed(folder / name, name)
    with found.noting():
        whole.validate(SharedFile)
        return whole
    return whole.sound_part(SharedFile, {"schema": 1})


def _declared(shared: TomlData) -> Sequence[str]:
    """Return the methods of a shared file, with those that are wrong."""
    file, _ = shared.origin(())
    methods = file.data.get("methods")
    return list(methods) if isinstance(methods, dict) else []


def _is_below(name: str) -> bool:
    """Whether a path leads into a folder below; beside the suite itself a file would be taken for a suite."""
    path = PurePosixPath(name)
    return path.suffix == ".toml" and len(path.parts) > 1 and not path.is_absolute() and ".." not in path.parts


def _hint(name: str, methods: Iterable[str], source: TomlSource) -> str:
    return nearest(name, methods) if "shared" in source.data else "; name the file that holds it with 'shared'"


def _is_merged(way: tuple[str, ...]) -> bool:
    """Whether the table at a way below a suite or a row is merged, not replaced."""
    return len(way) <= len(MERGED) and all(part in ("*", name) for part, name in zip(MERGED, way, strict=False))
