"""Mistakes of a suite file that are found in several places, each as one line with file, line and key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.errors import nearest
from harness.suite.suite import Suite
from harness.toml_lines import KeyPath


def doubled(suite: Suite, named: Iterable[tuple[str, KeyPath]], kind: str) -> Iterator[str]:
    """Yield a line for each name that stands there a second time."""
    first: dict[str, KeyPath] = {}
    for name, key in named:
        if name in first:
            line = suite.source_file.line(first[name])
            yield str(suite.source_file.error(key, f"{kind} '{name}' is declared twice, first on line {line}"))
        first.setdefault(name, key)


def unknown(
    suite: Suite, names: Iterable[Any], accepted: Iterable[str], key: KeyPath, kind: str, *, nested: bool = True
) -> Iterator[str]:
    """Yield a line with the nearest match for each name that is not accepted; `nested`: it is a key below `key`."""
    known = list(accepted)
    for name in names:
        if name not in known:
            place = (*key, name) if nested else key
            yield str(suite.source_file.error(place, f"no {kind} is called '{name}'{nearest(name, known)}"))
