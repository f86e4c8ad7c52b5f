"""Strict TOML: a file is validated against a pydantic model, and each error names file, line, key and nearest match."""

from __future__ import annotations

import tomllib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import ConfigError, nearest
from harness.toml_lines import KeyPath, key_lines


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
        self._lines = key_lines(self.text)

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
