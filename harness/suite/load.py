"""Suite files: found, read and turned into a `Suite`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness import registry
from harness.collection import without_collection
from harness.config import TomlData, TomlSource
from harness.errors import ConfigError, Gathered, nearest
from harness.hashing import hash_value
from harness.parameters import RESERVED
from harness.registry import MetricRegistry, StageRegistry
from harness.shipped import shipped_folder
from harness.suite.check import file_problems, registry_problems
from harness.suite.matrix import expand_matrix
from harness.suite.schema import MatrixSpec, RowSpec, SuiteFile
from harness.suite.shared import shared_names, with_shared
from harness.suite.suite import Row, StageUse, Suite
from harness.toml_lines import KeyPath

FOLDER = "suites"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]*")


def suite_paths(start: Path | None = None) -> dict[str, Path]:
    """Return the suite files by id: of the nearest `suites/` from a folder upwards, else those that ship.

    `start` None is the current folder.
    """
    first = (start or Path.cwd()).resolve()
    for folder in (first, *first.parents, shipped_folder()):
        files = sorted((folder / FOLDER).glob("*.toml"))
        if files:
            return {path.stem: path for path in files}
    return {}


def shared_paths(start: Path | None = None) -> dict[str, Path]:
    """Return the shared files by the names that suites give them: every TOML file in a folder beside the suites."""
    folders = {path.parent for path in suite_paths(start).values()}
    return {name: folder / name for folder in folders for name in shared_names(folder)}


def load_suite(
    name_or_path: str | Path,
    *,
    stages: StageRegistry | None = None,
    metrics: MetricRegistry | None = None,
    start: Path | None = None,
) -> Suite:
    """Return a suite by its id or by the path of its file, checked against the registered stages and metrics.

    What is said of datasets is checked by `check_suite` and by `expand`. `stages` and `metrics` replace the
    registries of the process; ids are looked up from the folder `start` (the current one) upwards.

    Raises:
        ConfigError: one line per mistake, each with file, line, key and the nearest accepted name.
    """
    suite, problems = read_suite(name_or_path, stages=stages, metrics=metrics, start=start)
    if problems or suite is None:
        raise ConfigError("\n".join(problems))
    return suite


@without_collection()
def read_suite(
    name_or_path: str | Path,
    *,
    stages: StageRegistry | None = None,
    metrics: MetricRegistry | None = None,
    start: Path | None = None,
) -> tuple[Suite | None, list[str]]:
    """Return a suite and its mistakes, one a line; of a file with some, what is sound, or None if nothing is.

    Arguments are those of `load_suite`. Names that one part of a file has of another are not looked up where a part
    is left out: they would be unknown for that reason alone. Neither is anything looked up in the catalogue, and None
    returned, where the shared file has mistakes: a suite without what it takes from there is another one.
    """
    found = Gathered()
    with found.noting():
        own = TomlSource(_path(name_or_path, start))
    if found.problems:
        return None, found.problems
    source = with_shared(own, found)
    is_whole = not found.problems
    with found.noting():
        if is_whole:
            source.validate(SuiteFile)
        else:
            source.check_present(SuiteFile)
    instead = {"schema": 1, "id": source.path.stem, "version": 1, "title": source.path.stem}
    if not is_whole:
        instead |= {"tiers": {"smoke": {}}}
    part = source.sound_part(SuiteFile, instead) if found.problems else source
    if part is None:
        return None, found.problems
    suite = _suite(part, part.validate(SuiteFile), found)
    known_stages = registry.stages() if stages is None else stages
    known_metrics = registry.metrics() if metrics is None else metrics
    problems = found.problems or list(file_problems(suite))
    problems += registry_problems(suite, known_stages, known_metrics, is_whole=is_whole)
    return suite if is_whole else None, list(dict.fromkeys(problems))


def _path(name_or_path: str | Path, start: Path | None) -> Path:
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        return Path(name_or_path)
    known = suite_paths(start)
    if name_or_path not in known:
        raise ConfigError(f"unknown suite '{name_or_path}'{nearest(name_or_path, known)}")
    return known[name_or_path]


def _suite(source: TomlData, file: SuiteFile, found: Gathered) -> Suite:
    return Suite(file, tuple(_rows(source, file, found)), source, hash_value(source.data))


def _rows(source: TomlData, file: SuiteFile, found: Gathered) -> Iterator[Row]:
    """Yield the rows that can be made, and note what is wrong with the others."""
    for number, spec in enumerate(file.rows):
        with found.noting():
            yield stage_row(source, spec, ("rows", number))
    for number, matrix in enumerate(file.matrix):
        place: KeyPath = ("matrix", number)
        with found.noting():
            for table in _tables(source, matrix, place):
                yield stage_row(source, _row_spec(source, table, place), place)


def _tables(source: TomlData, matrix: MatrixSpec, place: KeyPath) -> list[dict[str, Any]]:
    try:
        return list(expand_matrix(matrix))
    except ConfigError as error:
        raise source.error(place, str(error)) from error


def _row_spec(source: TomlData, table: dict[str, Any], place: KeyPath) -> RowSpec:
    try:
        return RowSpec.model_validate(table)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise source.error(
            place, f"row {table['id']!r}: {key}: {problem['msg']}; found {problem['input']!r}"
        ) from error


def stage_row(source: TomlData, spec: RowSpec, place: KeyPath) -> Row:
    """Return a row with its stages; raises `ConfigError` for a stage without an id, and for a name that is none."""
    uses = []
    for number, table in enumerate(spec.stages):
        key = (*place, "stages", number)
        if not isinstance(table.get("id"), str):
            raise source.error(key, f"row '{spec.id}': a stage needs a string 'id'")
        name = table.get("as", "")
        if "as" in table and not (isinstance(name, str) and _NAME.fullmatch(name)):
            accepted = "a name of letters, digits and . _ + @ -"
            raise source.error((*key, "as"), f"row '{spec.id}': found {name!r}; accepted: {accepted}")
        parameters = {parameter: value for parameter, value in table.items() if parameter not in RESERVED}
        uses.append(StageUse(table["id"], parameters, name))
    return Row(spec, tuple(uses), place)
