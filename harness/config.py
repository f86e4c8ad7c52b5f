"""Strict TOML: a file is validated against a pydantic model, and each error names file, line, key and nearest match."""

from __future__ import annotations

import math
import re
import tomllib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, time
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import ConfigError, nearest
from harness.regular_files import read_regular
from harness.toml_lines import KeyPath, key_lines

MOST_LEVELS = 24
"""Levels of tables and arrays that a file may nest; the deepest declaration has eight."""
_NUL = "must not hold the character U+0000"

ENTRY_LEVELS = 2
"""Levels at which the entries of a file stand: `datasets.<id>`, `rows[<n>]`, `tiers.<name>`."""


class Strict(BaseModel):
    """Base of every declaration read from TOML: unknown keys and wrong types are errors, instances are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ModelT = TypeVar("ModelT", bound=Strict)
_ABSENT = ("missing", "too_short")
"""Mistakes of the validation that say what is not there."""


class TomlData(ABC):
    """Data read from TOML that knows in which file and on which line each key stands."""

    path: Path
    data: dict[str, Any]

    @abstractmethod
    def origin(self, key: Sequence[str | int]) -> tuple[TomlSource, KeyPath]:
        """Return the file in which a key path stands, and its key path there."""

    def line(self, key: Sequence[str | int]) -> int:
        """Return the line of a key path in its file."""
        file, own = self.origin(key)
        return file.line(own)

    def where(self, key: Sequence[str | int]) -> str:
        """Return "file:line: key" for a message, "file:line" for the file as a whole."""
        place = tuple(key)
        if place not in self._places:
            file, own = self.origin(key)
            path = ".".join(str(part) for part in own)
            self._places[place] = f"{file.name}:{file.line(own)}{': ' if path else ''}{path}"
        return self._places[place]

    @cached_property
    def _places(self) -> dict[tuple[str | int, ...], str]:
        """What was said of key paths before: each row of a matrix asks for the same ones."""
        return {}

    def error(self, key: Sequence[str | int], problem: str) -> ConfigError:
        """Return the error to raise for a key."""
        return ConfigError(f"{self.where(key)}: {problem}")

    def validate(self, model: type[ModelT]) -> ModelT:
        """Return the data as a model; raises `ConfigError` with one line per mistake."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise ConfigError("\n".join(self._describe(problem, model) for problem in error.errors())) from error

    def check_present(self, model: type[BaseModel]) -> None:
        """Raise `ConfigError` for what a model refuses of the keys that are there; others may be missing."""
        try:
            model.model_validate(self.data)
        except ValidationError as error:
            lines = [self._describe(problem, model) for problem in error.errors() if problem["type"] not in _ABSENT]
            if lines:
                raise ConfigError("\n".join(lines)) from error

    def sound_part(
        self, model: type[ModelT], instead: Mapping[str, Any], *, entries_whole: bool = False
    ) -> TomlData | None:
        """Return the data without what a model refuses, so that the rest can be checked; None if nothing is left.

        An unknown key is left out alone, unless `entries_whole`. For any other mistake the whole entry is, as a dataset
        of a catalogue or a row of a suite: what is left of it would show mistakes that follow from this one. `instead`
        stands for keys at the top of the file that are missing then.
        """
        part, wrong = SoundPart(self, frozenset(), instead), frozenset[KeyPath]()
        while True:
            try:
                model.model_validate(part.data)
            except ValidationError as error:
                found = {part.above(_to_leave_out(part.data, problem, entries_whole)) for problem in error.errors()}
                if () in found or found <= wrong:
                    return None
                wrong = wrong | found
                part = SoundPart(self, wrong, instead)
            else:
                return part

    def _describe(self, problem: Any, model: type[BaseModel]) -> str:
        key = _present(self.data, problem["loc"])
        if problem["type"] == "extra_forbidden":
            accepted = _fields_at(model, key[:-1])
            return f"{self.where(key)}: unknown key '{key[-1]}'{nearest(str(key[-1]), accepted)}"
        if problem["type"] == "missing":
            return f"{self.where(key)}: required key '{problem['loc'][-1]}' is missing"
        return f"{self.where(key)}: {problem['msg']}; found {shortened(problem['input'])}{_hint(problem)}"


class TomlSource(TomlData):
    """A parsed TOML file; `name` stands for it in messages about its keys, by default the file's own name.

    Raises `ConfigError` with a line for what is not TOML, and for values that no declaration can hold (`_misfit`).
    """

    def __init__(self, path: Path, *, name: str = "") -> None:
        self.text = _read(path)
        self.path = path
        self.name = name or path.name
        try:
            self.data = tomllib.loads(self.text)
        except (ValueError, RecursionError) as error:  # a number of thousands of digits is no TOMLDecodeError
            problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise ConfigError(f"{path}:{_line_of(error, self.text)}: not valid TOML: {problem}") from error
        self._lines = key_lines(self.text)
        if not _fits(self.data):
            raise self._misfits()

    def _misfits(self) -> ConfigError:
        """Return what is wrong with values that no declaration can hold, each with its line."""
        deepest = next((key for key, _ in _walk(self.data) if len(key) > MOST_LEVELS), None)
        if deepest is not None:
            return self.error(deepest[:3], f"nested deeper than {MOST_LEVELS} levels")
        found = [(key, problem) for key, value in _walk(self.data) if (problem := _misfit(value))]
        return ConfigError("\n".join(str(self.error(key, problem)) for key, problem in found))

    def origin(self, key: Sequence[str | int]) -> tuple[TomlSource, KeyPath]:
        """Return the file itself with the same key path."""
        return self, tuple(key)

    def line(self, key: Sequence[str | int]) -> int:
        """Return the line of a key path, or of its nearest enclosing key that stands in the file."""
        path = tuple(key)
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


class SoundPart(TomlData):
    """Data without the tables, values and items at some key paths; what is left knows where it stands."""

    def __init__(self, whole: TomlData, wrong: Collection[KeyPath], instead: Mapping[str, Any]) -> None:
        self.path = whole.path
        self._whole = whole
        self._kept: dict[KeyPath, list[int]] = {}
        self.data = {**instead, **self._without(whole.data, wrong, (), ())}

    def origin(self, key: Sequence[str | int]) -> tuple[TomlSource, KeyPath]:
        """Return the file in which a key path stands, and its key path there."""
        return self._whole.origin(self.above(key))

    def above(self, key: Sequence[str | int]) -> KeyPath:
        """Return the key path in the whole data: items behind one that was left out have moved up."""
        found: list[str | int] = []
        for length, part in enumerate(key):
            kept = self._kept.get(tuple(key[:length]))
            found.append(kept[part] if kept is not None and isinstance(part, int) and part < len(kept) else part)
        return tuple(found)

    def _without(self, value: Any, wrong: Collection[KeyPath], above: KeyPath, own: KeyPath) -> Any:
        if isinstance(value, dict):
            return {
                key: self._without(item, wrong, (*above, key), (*own, key))
                for key, item in value.items()
                if (*above, key) not in wrong
            }
        if isinstance(value, list):
            kept = [number for number in range(len(value)) if (*above, number) not in wrong]
            self._kept[own] = kept
            return [
                self._without(value[number], wrong, (*above, number), (*own, index))
                for index, number in enumerate(kept)
            ]
        return value


def shortened(value: Any) -> str:
    """Return a value as a message shows it: at most 120 characters of its Python form."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _read(path: Path) -> str:
    """Return the text of a file; what is no regular file (a pipe that nobody writes to) is not waited for."""
    try:
        data = read_regular(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # a path with a NUL
        raise ConfigError(f"{str(path)!r}: cannot be read ({error})") from error
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not valid TOML: not UTF-8 ({error})") from error


def _line_of(error: Exception, text: str) -> int:
    """Return the line that an error of the parser names, else that of a number too long to be read, else the last."""
    named = re.search(r"\(at line (\d+), column \d+\)$", str(error))
    if named:
        return int(named[1])
    digits = re.search(r"[0-9_a-fA-F]{1000,}", text)
    return text.count("\n", 0, digits.start() if digits else len(text.rstrip())) + 1


def _fits(data: Any) -> bool:
    """Whether a declaration can hold all that a table holds: asked without key paths, which few files need."""
    level, depth = [data], 0
    while level and depth <= MOST_LEVELS:
        if any(_misfit(value) for value in level):
            return False
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        depth += 1
    return not level


def _walk(data: Any) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every value below a table with its key path, level by level, without recursion."""
    waiting: deque[tuple[KeyPath, Any]] = deque([((), data)])
    while waiting:
        path, value = waiting.popleft()
        if path:
            yield path, value
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        waiting.extend(((*path, key), item) for key, item in items)


def _misfit(value: Any) -> str:
    """Return why no declaration can hold a value of TOML, or "" for those that can."""
    if isinstance(value, str):
        return _NUL if "\0" in value else ""
    if isinstance(value, dict):
        return _NUL if any("\0" in key for key in value) else ""
    if isinstance(value, float) and not math.isfinite(value):
        return f"must be finite; found {value}"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return f"must fit into 64 bits, as TOML says; found a number of {value.bit_length()} bits"
    if isinstance(value, date | time):
        return f'dates and times are written as strings; found {value} (accepted: "{value}")'
    return ""


def _present(data: Any, loc: Sequence[str | int]) -> KeyPath:
    """Keep the parts of a pydantic location that are keys of the data: it names the kind of a table of several, too."""
    kept: list[str | int] = []
    for number, part in enumerate(loc):
        try:
            found = data[part]
        except (KeyError, IndexError, TypeError):
            continue
        is_kind = isinstance(data, dict) and data.get("kind") == part and not isinstance(found, dict | list)
        if is_kind and number + 1 < len(loc):
            continue
        data = found
        kept.append(part)
    return tuple(kept)


def _hint(problem: Any) -> str:
    """Return the nearest of the values that would have been accepted, "" where none is near."""
    context = problem.get("ctx", {})
    given = context.get("tag", problem["input"])
    accepted = re.findall(r"'([^']*)'", str(context.get("expected_tags", context.get("expected", ""))))
    hint = nearest(given, accepted) if isinstance(given, str) and accepted else ""
    return hint if hint.startswith("; did you mean") else ""


def _to_leave_out(data: Any, problem: Any, entries_whole: bool) -> KeyPath:
    key = _present(data, problem["loc"])
    return key if problem["type"] == "extra_forbidden" and not entries_whole else key[:ENTRY_LEVELS]


def _fields_at(model: type[BaseModel], key: KeyPath) -> list[str]:
    """Return the accepted keys of the table at a key path, following nested models of the annotations."""
    models: list[type[BaseModel]] = [model]
    for part in key:
        if isinstance(part, int):
            continue
        nested: list[type[BaseModel]] = []
        for candidate in models:
            for name, field in candidate.model_fields.items():
                if part == (field.alias or name):
                    nested += _models_in(field.annotation)
        models = nested or models
    return [field.alias or name for candidate in models for name, field in candidate.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in getattr(annotation, "__args__", ()) for found in _models_in(argument)]
