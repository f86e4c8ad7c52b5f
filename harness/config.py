"""Strict TOML: a file is validated against a pydantic model, and each error names file, line, key and nearest match."""

from __future__ import annotations

import tomllib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import ConfigError, nearest

KeyPath = tuple[str | int, ...]


class Strict(BaseModel):
    """Base of every declaration read from TOML: unknown keys and wrong types are errors, instances are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


ModelT = TypeVar("ModelT", bound=Strict)


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
        """Return "file:line: key" for a message."""
        file, own = self.origin(key)
        return f"{file.name}:{file.line(own)}: {'.'.join(str(part) for part in own)}"

    def error(self, key: Sequence[str | int], problem: str) -> ConfigError:
        """Return the error to raise for a key."""
        return ConfigError(f"{self.where(key)}: {problem}")

    def validate(self, model: type[ModelT]) -> ModelT:
        """Return the data as a model; raises `ConfigError` with one line per mistake."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            lines = [self._describe(problem, model) for problem in error.errors()]
            raise ConfigError("\n".join(lines)) from error

    def _describe(self, problem: Any, model: type[BaseModel]) -> str:
        key = _present(self.data, problem["loc"])
        if problem["type"] == "extra_forbidden":
            accepted = _fields_at(model, key[:-1])
            return f"{self.where(key)}: unknown key '{key[-1]}'{nearest(str(key[-1]), accepted)}"
        if problem["type"] == "missing":
            return f"{self.where(key)}: required key '{problem['loc'][-1]}' is missing"
        return f"{self.where(key)}: {problem['msg']}; found {problem['input']!r}"


class TomlSource(TomlData):
    """A parsed TOML file; `name` stands for it in messages about its keys, by default the file's own name."""

    def __init__(self, path: Path, *, name: str = "") -> None:
        try:
            self.text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
        except UnicodeDecodeError as error:
            raise ConfigError(f"{path}: not valid TOML: not UTF-8 ({error})") from error
        self.path = path
        self.name = name or path.name
        try:
            self.data = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: not valid TOML: {error}") from error
        self._lines = _key_lines(self.text)

    def origin(self, key: Sequence[str | int]) -> tuple[TomlSource, KeyPath]:
        """Return the file itself with the same key path."""
        return self, tuple(key)

    def line(self, key: Sequence[str | int]) -> int:
        """Return the line of a key path, or of its nearest enclosing key that stands in the file."""
        path = tuple(key)
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def _present(data: Any, loc: Sequence[str | int]) -> KeyPath:
    """Keep the parts of a pydantic location that are keys of the data (it also names union members)."""
    kept: list[str | int] = []
    for part in loc:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            continue
        kept.append(part)
    return tuple(kept)


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


def _key_lines(text: str) -> dict[KeyPath, int]:
    """Map every key path of valid TOML to its 1-based line, arrays and inline tables included."""
    return _LineScanner(text).scan()


class _LineScanner:
    """Walks valid TOML once; only strings, comments, brackets, keys and newlines matter for lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.tables: dict[KeyPath, int] = {}
        self._counted = (0, 1)

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip_blank():
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _line(self) -> int:
        at, line = self._counted
        self._counted = (self.at, line + self.text.count("\n", at, self.at))
        return self._counted[1]

    def _mark(self, path: KeyPath, line: int) -> None:
        """Note where a key stands; a table that has no header of its own stands where its first key does."""
        self.lines[path] = line
        for length in range(1, len(path)):
            self.lines.setdefault(path[:length], line)

    def _skip_blank(self) -> bool:
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at] in " \t\r\n,":
                self.at += 1
            else:
                return True
        return False

    def _header(self) -> KeyPath:
        is_array = self.text.startswith("[[", self.at)
        line = self._line()
        self.at += 2 if is_array else 1
        names = self._key("]")
        self.at += 2 if is_array else 1
        path: KeyPath = ()
        for depth, name in enumerate(names):
            path += (name,)
            if path in self.tables and not (is_array and depth == len(names) - 1):
                path += (self.tables[path],)
        if is_array:
            self.tables[path] = self.tables.get(path, -1) + 1
            self.lines.setdefault(path, line)
            path += (self.tables[path],)
        self._mark(path, line)
        return path

    def _key(self, end: str) -> list[str]:
        names: list[str] = []
        while self.text[self.at] != end:
            char = self.text[self.at]
            if char in "\"'":
                start = self.at
                self._string(char)
                names.append(next(iter(tomllib.loads(f"{self.text[start : self.at]} = 0"))))
            elif char in " \t.":
                self.at += 1
            else:
                start = self.at
                while self.text[self.at] not in f" \t.{end}":
                    self.at += 1
                names.append(self.text[start : self.at])
        return names

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = (*table, *self._key("="))
        self._mark(path, line)
        self.at += 1
        self._skip_blank()
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        char = self.text[self.at]
        if char == "[":
            self.at += 1
            index = 0
            while self._skip_blank() and self.text[self.at] != "]":
                self.lines[(*path, index)] = self._line()
                self._value((*path, index))
                index += 1
            self.at += 1
        elif char == "{":
            self.at += 1
            while self._skip_blank() and self.text[self.at] != "}":
                self._pair(path)
            self.at += 1
        elif char in "\"'":
            self._string(char)
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def _string(self, quote: str) -> None:
        close = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(close)
        while not self.text.startswith(close, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(close)
        while len(close) == 3 and self.text.startswith(quote, self.at):
            self.at += 1
