"""Where the command line speaks: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from harness.escaping import visible
from harness.streams import mention, say

_ESCAPE = re.compile(r"\\([\\`|<>*\[\]])")


def result(text: str) -> None:
    """Print a result to stdout; what would act on a terminal is written out.

    Raises `StoreError` where it cannot be written; a reader that has left is no error.
    """
    say(sys.stdout, visible(text if text.endswith("\n") else f"{text}\n"))


def markdown_result(text: str) -> None:
    """Print Markdown to stdout; on a terminal without its escapes, which only a renderer takes away."""
    result(_ESCAPE.sub(r"\1", text) if sys.stdout.isatty() else text)


def json_result(value: Any, *, one_line: bool = False) -> None:
    """Print a JSON-able value to stdout; NaN and infinities must have been converted before."""
    text = json.dumps(value, indent=None if one_line else 2, allow_nan=False)
    result(text.replace("\x7f", "\\u007f"))  # the one control character that JSON lets through


def log(line: str) -> None:
    """Print one line to stderr."""
    mention(sys.stderr, f"{visible(line)}\n")


def columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return aligned columns of text; the last column is not padded."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(header))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
