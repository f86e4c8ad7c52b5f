"""Reads the records of a file; while one process reads very many, a second compares their checksums."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from harness.beside import beside, can_work_beside
from harness.errors import StoreError
from harness.store.files import parsed, raw_lines
from harness.store.records import Record, has_its_checksum, read_record, take_for_sound

MANY_LINES = 5000
"""From so many on a second process is worth its beginning."""


def read_scores(path: Path) -> tuple[Record, ...]:
    """Return the record of each line of a file; nothing for an absent one.

    Raises `StoreError` naming file and line of what cannot be read.
    """
    lines, name = raw_lines(path), str(path)
    is_apart = len(lines) >= MANY_LINES and can_work_beside()
    with beside(partial(_sound, lines if is_apart else ()), is_worth_it=is_apart) as are_sound:
        records = tuple(
            read_record(parsed(line, where := f"{name}:{number}"), where, is_looked_at=not is_apart)
            for number, line in enumerate(lines, start=1)
        )
        for record, is_sound in zip(records, are_sound(), strict=False):
            if is_sound:
                take_for_sound(record)
    return records


def _sound(lines: Sequence[bytes]) -> bytes:
    """Return for each line 1 if it has its checksum, else 0."""
    return bytes(map(_is_sound, lines))


def _is_sound(line: bytes) -> bool:
    try:
        return has_its_checksum(parsed(line, ""))
    except StoreError:  # who reads it says what is wrong
        return False
