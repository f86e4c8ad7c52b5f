"""Reads the records of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.store.files import parsed, raw_lines
from harness.store.records import Record, read_record
from harness.store.sound import sound_record_reader


def read_scores(path: Path) -> tuple[Record, ...]:
    """Return the record of each line of a file; nothing for an absent one.

    Raises `StoreError` naming file and line of what cannot be read.
    """
    return tuple(_records(raw_lines(path), str(path)))


def _records(lines: list[bytes], name: str) -> Iterator[Record]:
    sound_record = sound_record_reader()
    for number, line in enumerate(lines, start=1):
        record = sound_record(line)
        if record is None:
            where = f"{name}:{number}"
            record = read_record(parsed(line, where), where)
        yield record
