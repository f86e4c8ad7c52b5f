"""Reads the records or the timings of a file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from harness.beside import beside
from harness.errors import StoreError
from harness.regular_files import read_regular
from harness.store.files import parsed
from harness.store.records import Record, Timing, read_record, read_timing, take_for_sound
from harness.store.sound import record_line_reader, sound_line_check, sound_timing_reader

MANY_RECORDS = 5000
"""From so many on a second process holds lines against their checksums while this one makes records of them."""


def read_scores(path: Path) -> tuple[Record, ...]:
    """Return the record of each line of a file; nothing for an absent one.

    A line is read quickly where it is as it was written, else surely. Raises `StoreError` naming file and line of what
    cannot be read.
    """
    content, name = _content(path), str(path)
    is_sound, quickly = sound_line_check(), record_line_reader()
    # lines are cut where they are used: of a list of all, either process would copy the memory that it goes through
    is_worth_it = content.count(b"\n") >= MANY_RECORDS
    with beside(lambda: bytes(map(is_sound, BytesIO(content))), is_worth_it=is_worth_it) as are_sound:
        found = list(map(quickly, BytesIO(content)))
        sound = are_sound()
    records = []
    for number, (line, record, as_written) in enumerate(zip(BytesIO(content), found, sound, strict=True), start=1):
        if record is None or not as_written:
            where = f"{name}:{number}"
            records.append(read_record(parsed(line.removesuffix(b"\n"), where), where))
        else:
            take_for_sound(record)
            records.append(record)
    return tuple(records)


def read_timings(path: Path) -> tuple[Timing, ...]:
    """Return the timing of each line of a file; raises what `read_scores` raises."""
    timings, name, quickly = [], str(path), sound_timing_reader()
    for number, line in enumerate(BytesIO(_content(path)), start=1):
        timing = quickly(line)
        if timing is None:
            where = f"{name}:{number}"
            timing = read_timing(parsed(line.removesuffix(b"\n"), where), where)
        timings.append(timing)
    return tuple(timings)


def _content(path: Path) -> bytes:
    try:
        return read_regular(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
