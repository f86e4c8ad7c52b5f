"""Rows laid over a suite from outside: a chain in one line, a file of rows, or a bundle of label images."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.bundles import open_container, read_manifest
from harness.bundles.card import NOTHING
from harness.config import Strict, TomlData, TomlSource
from harness.errors import ConfigError
from harness.registry import MetricRegistry, StageRegistry
from harness.suite.check import file_problems, registry_problems
from harness.suite.declared import SUBMITTED
from harness.suite.load import stage_row
from harness.suite.schema import RowSpec
from harness.suite.suite import Suite
from harness.toml_lines import KeyPath

GROUP = "Not of the suite"
"""Heading under which tables put rows that were laid over a suite, unless they name another."""

_NO_NAME = re.compile(r"\s*->\s*|[^A-Za-z0-9._+@-]+")


class RowsFile(Strict):
    """A file of rows that are laid over suites."""

    rows: tuple[RowSpec, ...]


class GivenChain(TomlSource):
    """Rows written on a command line, `a?x=1&y=2 -> b`, in the form of a file of rows."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.path = Path()
        self.name = "--method"
        row = {"id": _NO_NAME.sub("-", text).strip("-"), "label": text, "stages": [_stage(one) for one in _split(text)]}
        self.data = {"rows": [row]}

    def line(self, key: Sequence[str | int]) -> int:
        """Return 1: there is one line."""
        return 1


class GivenBundle(TomlSource):
    """The method of a bundle as a row whose one stage reads the bundle's labels, in the form of a file of rows.

    Raises `DataError` for a bundle that was altered, `ConfigError` for one of another suite.
    """

    def __init__(self, path: Path, suite: Suite) -> None:
        self.text = ""
        self.path = path
        self.name = path.name
        with open_container(path) as container:
            manifest = read_manifest(container)
        if (manifest.suite, manifest.version) != (suite.id, suite.version):
            raise ConfigError(
                f"--method {path}: is for version {manifest.version} of suite '{manifest.suite}'; "
                f"this is version {suite.version} of '{suite.id}'"
            )
        card = manifest.method
        own = {spec.dataset for tier in suite.tiers.values() for spec in tier.data or ()}
        named = {name.partition("/")[0] for name in card.training_data}  # data sets, of samples theirs
        category = "the suite's data alone" if named <= {NOTHING, *own} else "any data"
        took = "" if card.seconds is None else f"; {card.seconds:g} s an image{_on(card.hardware)} (self-reported)"
        reported = {} if card.seconds is None else {"reported_s": card.seconds}
        row = {
            "id": card.id,
            "label": f"{card.title} {card.version}".strip(),
            "group": f"Submitted labels, scored here; trained on {category}",
            "availability": f"labels of a bundle; {card.licence}; trained on {', '.join(card.training_data)}{took}",
            "stages": [{"id": SUBMITTED, "bundle": str(path)}],
            **reported,
        }
        self.data = {"rows": [row]}

    def line(self, key: Sequence[str | int]) -> int:
        """Return 1: there are no lines."""
        return 1


def _on(hardware: str) -> str:
    return f" on {hardware}" if hardware else ""


class WithRows(TomlData):
    """A suite's data with rows of other sources behind its own; a key path leads to where it was written."""

    def __init__(self, suite: TomlData, own: int, added: Sequence[TomlSource]) -> None:
        self.path = suite.path
        self.data = suite.data
        self._suite = suite
        self._own = own
        self._added = [(source, number) for source in added for number in range(len(source.data["rows"]))]

    def origin(self, key: Sequence[str | int]) -> tuple[TomlSource, KeyPath]:
        """Return the source of a key path and the key path there."""
        if len(key) > 1 and key[0] == "rows" and isinstance(key[1], int) and key[1] >= self._own:
            source, number = self._added[key[1] - self._own]
            return source, ("rows", number, *key[2:])
        return self._suite.origin(key)


def with_methods(suite: Suite, methods: Sequence[str], stages: StageRegistry, metrics: MetricRegistry) -> Suite:
    """Return a suite with further rows; they read the data of its tiers unless they say otherwise.

    Args:
        methods: chains such as "my-stage?level=0.4 -> other", paths of files with `[[rows]]`, and of bundles (.zip).

    Raises:
        ConfigError: one line per mistake; for a data table, and for a row whose name the suite has.
    """
    if not methods or suite.added:
        return suite
    if suite.kind == "data-table":
        raise ConfigError(f"suite '{suite.id}' is a data table; no method can be laid over it")
    sources = [_source(text, suite) for text in methods]
    specs = [spec for source in sources for spec in source.validate(RowsFile).rows]
    named = [spec.id for spec in specs if spec.method]
    if named:
        raise ConfigError(f"row '{named[0]}' names a 'method' of a shared file; accepted here: 'stages'")
    own = len(suite.file.rows)
    source_file = WithRows(suite.source_file, own, sources)
    specs = [spec if spec.group else spec.model_copy(update={"group": GROUP}) for spec in specs]
    rows = tuple(stage_row(source_file, spec, ("rows", own + number)) for number, spec in enumerate(specs))
    joined = replace(
        suite,
        file=suite.file.model_copy(update={"rows": (*suite.file.rows, *specs)}),
        rows=(*suite.rows, *rows),
        source_file=source_file,
        added=tuple(row.id for row in rows),
    )
    problems = [*file_problems(joined), *registry_problems(joined, stages, metrics)]
    if problems:
        raise ConfigError("\n".join(problems))
    return joined


def _source(text: str, suite: Suite) -> TomlSource:
    if text.endswith(".toml"):
        return TomlSource(Path(text))
    return GivenBundle(Path(text), suite) if text.endswith(".zip") else GivenChain(text)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split("->")]


def _stage(text: str) -> dict[str, Any]:
    name, _, options = text.partition("?")
    if not name:
        raise ConfigError(f"--method: a stage without an id; found {text!r}; accepted: stage?parameter=value -> stage")
    stage: dict[str, Any] = {"id": name}
    for part in options.split("&") if options else ():
        key, equals, value = part.partition("=")
        if not key or not equals or key == "id":
            raise ConfigError(f"--method: stage '{name}': found {part!r}; accepted: parameter=value")
        stage[key] = _value(value)
    return stage


def _value(text: str) -> Any:
    """Return a value as TOML reads it; what is no value of TOML is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
