"""Text of others made harmless where it is shown: on a terminal, in Markdown, CSV and LaTeX.

Names of rows and samples, error messages and notes come from files and libraries. None of them may move a cursor,
turn the reading direction, begin a formula in a spreadsheet or become a link.
"""

from __future__ import annotations

import re
from typing import Any, TextIO

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""Control characters but tab and newline, marks of the reading direction, characters without width, half characters."""

_MARKDOWN = re.compile(r"([\\`|<>*\[\]])")
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def visible(text: str) -> str:
    r"""Return text in which what acts instead of being seen is written as an escape sequence.

    >>> visible("\x1b[31mred\u202e")
    '\\x1b[31mred\\u202e'
    """
    return _UNSEEN.sub(_escaped, text)


def one_line(text: str) -> str:
    """Return text on one line, harmless as by `visible`."""
    return visible(" ".join(text.split()))


def markdown(text: str) -> str:
    """Return text on one line with Markdown's own characters escaped, so that no markup and no link comes of it."""
    return _MARKDOWN.sub(r"\\\1", one_line(text))


def csv_value(value: Any) -> Any:
    """Return a value for a cell of CSV; text that a spreadsheet would take for a formula begins with an apostrophe."""
    if not isinstance(value, str):
        return value
    text = visible(value)
    is_formula = len(text) > 1 and text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def tolerate_any_character(*streams: TextIO) -> None:
    """Let text streams write an escape sequence for a character that their encoding lacks, instead of failing."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
