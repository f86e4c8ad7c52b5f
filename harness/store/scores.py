"""Reads the records or the timings of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from harness.store.files import parsed, raw_lines
from harness.store.records import Record, Timing, read_record, read_timing
from harness.store.sound import sound_record_reader, sound_timing_reader

ItemT = TypeVar("ItemT")


def read_scores(path: Path) -> tuple[Record, ...]:
    """Return the record of each line of a file; nothing for an absent one.

    Raises `StoreError` naming file and line of what cannot be read.
    """
    return _read(path, sound_record_reader(), read_record)


def read_timings(path: Path) -> tuple[Timing, ...]:
    """Return the timing of each line of a file; raises what `read_scores` raises."""
    return _read(path, sound_timing_reader(), read_timing)


def _read(
    path: Path, quickly: Callable[[bytes], ItemT | None], surely: Callable[[Any, str], ItemT]
) -> tuple[ItemT, ...]:
    """Read each line quickly where it is as it was written, else surely."""
    items, name = [], str(path)
    for number, line in enumerate(raw_lines(path), start=1):
        item = quickly(line)
        if item is None:
            where = f"{name}:{number}"
            item = surely(parsed(line, where), where)
        items.append(item)
    return tuple(items)
