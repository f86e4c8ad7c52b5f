"""The list of what a project is to repeat: tables, figures and systems, each with the suites that stand for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from harness.config import Strict, TomlSource
from harness.errors import ConfigError, nearest
from harness.project import Project
from harness.shipped import shipped_folder
from harness.toml_lines import KeyPath

FILE = "items.toml"
Kind = Literal["table", "figure", "system", "suite"]


class ItemSpec(Strict):
    """One table, figure or system of a source."""

    title: str = Field(min_length=1, description="What it shows, in own words.")
    suites: tuple[str, ...] = Field(default=(), description='Suites that stand for it: "suite", or "suite/row".')
    why: str = Field(default="", description="Why there is nothing to run, or what is still lacking.")


class ItemsFile(Strict):
    """What a project is to repeat, by the names that the source gives."""

    schema_: Literal[1] = Field(alias="schema", description="Version of this format.")
    source: str = Field(default="", description="Which work the items are of.")
    tables: dict[str, ItemSpec] = Field(default={}, description="Tables by number.")
    figures: dict[str, ItemSpec] = Field(default={}, description="Figures by number.")
    systems: dict[str, ItemSpec] = Field(default={}, description="Systems by name.")


@dataclass(frozen=True, slots=True)
class Item:
    """Something to repeat: the rows that stand for it by suite (none named: all of them), and what is to be said of it.

    A suite that no item names is an item of its own.
    """

    kind: Kind
    id: str
    title: str
    suites: Mapping[str, tuple[str, ...]]
    why: str = ""


def read_items(project: Project) -> tuple[Item, ...]:
    """Return the items of a project: those of its file in the order of the file, then suites that none of them names.

    The suites of the package come with the items of the package. Raises `ConfigError` with one line per mistake.
    """
    path = items_path(project)
    listed = () if path is None else tuple(_listed(TomlSource(path), project))
    named = {suite for item in listed for suite in item.suites}
    others = (name for name in project.suite_paths if name not in named)
    return (*listed, *(Item("suite", name, "", {name: ()}) for name in others))


def items_path(project: Project) -> Path | None:
    """Return the file of a project's items; None where it has none."""
    own = next((path.parent.parent for path in project.suite_paths.values()), project.root)
    folders = [project.root, *([own] if own == shipped_folder() else [])]
    return next((folder / FILE for folder in folders if (folder / FILE).is_file()), None)


def _listed(source: TomlSource, project: Project) -> Iterator[Item]:
    file = source.validate(ItemsFile)
    problems: list[str] = []
    for kind in ("table", "figure", "system"):
        for name, spec in getattr(file, f"{kind}s").items():
            problems += _problems(source, project, (f"{kind}s", name), spec)
    if problems:
        raise ConfigError("\n".join(problems))
    yield from (Item("table", name, spec.title, _rows(spec), spec.why) for name, spec in file.tables.items())
    yield from (Item("figure", name, spec.title, _rows(spec), spec.why) for name, spec in file.figures.items())
    yield from (Item("system", name, spec.title, _rows(spec), spec.why) for name, spec in file.systems.items())


def _rows(spec: ItemSpec) -> dict[str, tuple[str, ...]]:
    """Return the rows named of each suite; a suite that is also named as a whole has all of them."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in spec.suites:
        suite, _, row = entry.partition("/")
        found[suite] = (*found.get(suite, ()), row) if row else ()
    return found


def _problems(source: TomlSource, project: Project, key: KeyPath, spec: ItemSpec) -> Iterator[str]:
    if not spec.suites and not spec.why:
        yield str(source.error(key, "names no suite; accepted: 'suites', or 'why' there is nothing to run"))
    for number, entry in enumerate(spec.suites):
        suite, _, row = entry.partition("/")
        place = (*key, "suites", number)
        if suite not in project.suite_paths:
            yield str(source.error(place, f"unknown suite '{suite}'{nearest(suite, project.suite_paths)}"))
        elif row:
            loaded = project.suite(suite)
            rows = [*(one.id for one in loaded.rows), *(one.id for one in loaded.data_rows)]
            if row not in rows:
                yield str(source.error(place, f"suite '{suite}' has no row '{row}'{nearest(row, rows)}"))
