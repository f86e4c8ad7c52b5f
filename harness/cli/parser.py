"""The parser of the command line: a command or an option that is misspelt is told the nearest one."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from harness.errors import nearest

_CHOICE = re.compile(r"^(?P<said>.*invalid choice: '(?P<name>[^']*)') \(choose from (?P<accepted>.*)\)$", re.DOTALL)
_UNKNOWN = re.compile(r"^unrecognized arguments: (?P<names>.*)$", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """An `argparse.ArgumentParser` whose errors end with the nearest accepted name."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message and exit with 2."""
        super().error(self._with_nearest(message))

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Refuse what a command does not know where its options are known, not above it."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def _with_nearest(self, message: str) -> str:
        choice, unknown = _CHOICE.match(message), _UNKNOWN.match(message)
        if choice:
            accepted = re.findall(r"'([^']*)'", choice["accepted"])
            return f"{choice['said']}{nearest(choice['name'], accepted)}"
        if unknown:
            options = [name.partition("=")[0] for name in unknown["names"].split() if name.startswith("--")]
            hints = [f"{name}{nearest(name, self._options())}" for name in options]
            return f"{message}{f' ({hints[0]})' if hints else ''}"
        return message

    def _options(self) -> Iterator[str]:
        return (option for action in self._actions for option in action.option_strings if option.startswith("--"))
