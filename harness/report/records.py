"""The records of a suite as files that a page reads: one list of all, and what each says, row by row.

Records of a row lie in one file, because a page may ask for a few of a hundred thousand, and a browser that opened a
page from a disk reads nothing but scripts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from json.encoder import encode_basestring
from operator import attrgetter
from pathlib import Path

from harness.advisories import hits
from harness.model import CellId
from harness.report.writing import write_page, write_parts
from harness.standing import Standing
from harness.store import Record, Timing
from harness.store.files import as_bytes, raw_lines
from harness.tables.build import ALTERED

COLUMNS = ("row", "data set", "sample", "fold", "repeat", "status", "score", "seconds", "seed", "commit", "key")
TEXT_COLUMNS = ("row", "data set", "sample", "fold", "status", "commit", "key")
KEY_LENGTH = 16
_cell_of = attrgetter("cell", *CellId._fields)
_SEALED = b'"checksum":"'
"""Stands in every line of a timing that has today's form."""


def write_records(
    standing: Standing, lines: Sequence[bytes], output: Path, folder: str, *, methods: Sequence[str] = ()
) -> int:
    """Write `<folder>/index.js` and `<folder>/rows/<n>.js` for every stored record; return how many.

    `lines` are those of the records in their file; `methods` are what was laid over the suite, as it was given.
    Raises `StoreError` if the folder cannot be written.
    """
    stored = standing.stored
    primary = standing.suite.primary
    timings = {
        _cell_of(timing): (timing, line) for timing, line in zip(standing.timings, _timing_lines(standing), strict=True)
    }
    altered = {record.cell for record in stored if record.is_altered}
    rows: dict[str, list[tuple[bytes, bytes]]] = {}
    numbers: dict[str, int] = {}
    listed = []
    quoted = cache(encode_basestring)
    for record, line in zip(stored, lines, strict=True):
        number = numbers.setdefault(record.row, len(numbers))
        shard = rows.setdefault(record.row, [])
        timing, said = timings.get(_cell_of(record), (None, b"null"))
        score, seconds = _rounded(record.metrics.get(primary, math.nan), 6), _seconds(timing)
        status = "altered" if record.cell in altered else record.status
        # a line in the order of `COLUMNS`; the last entry, which no column shows, is its place among the rows
        listed.append(
            f"[{quoted(record.row)},{quoted(record.dataset)},{quoted(record.sample)},{quoted(record.fold)},"
            f"{record.repeat},{quoted(status)},{score},{seconds},{record.seed},{quoted(record.code.commit[:12])},"
            f"{encode_basestring(record_key(record))},[{number},{len(shard)}]]"
        )
        shard.append((line, said))
    for row, number in numbers.items():
        write_parts(output / folder / "rows" / f"{number}.js", _shard(number, rows[row]))
    index = {
        "columns": [primary if name == "score" else name for name in COLUMNS],
        "text": [COLUMNS.index(name) for name in TEXT_COLUMNS],
        "score": COLUMNS.index("score"),
        "again": [_again(standing, row, methods) for row in numbers],
        "environments": dict(standing.environments),
        "struck": dict(_struck(standing, stored, altered)) if standing.advisories or altered else {},
    }
    head, joined = json.dumps(index, ensure_ascii=False)[:-1], ",\n".join(listed)
    write_page(output / folder / "index.js", f'report.list({head},"lines":[\n{joined}\n]}});\n')
    return len(listed)


def _shard(number: int, said: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Yield the parts of the file of a row: the lines of its records, each with that of its timing."""
    before = b"report.shard(%d, [\n" % number
    for record, timing in said:
        yield b'%b{"record":%b,"timing":%b}' % (before, record, timing)
        before = b",\n"
    yield b"\n]);\n"


def record_key(record: Record) -> str:
    """Return by what a page names a record: the beginning of its cell's key."""
    return record.cell[:KEY_LENGTH]


def _struck(
    standing: Standing, stored: Sequence[Record], altered: Collection[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the key of each record of which something counts no more, with why, by metric."""
    for record in stored:
        about = hits(standing.advisories, record)
        why = {metric: "; ".join(one.words for one in several) for metric, several in about.items()}
        if record.cell in altered:
            why |= dict.fromkeys(record.metrics, ALTERED)
        if why:
            yield record_key(record), why


def _seconds(timing: Timing | None) -> str:
    run_s = None if timing is None else timing.run_s
    return "null" if run_s is None else _rounded(run_s, 3)


def _rounded(value: float, digits: int) -> str:
    """Return a number as JSON writes it, rounded to some digits; null for one that is not defined."""
    if math.isfinite(value):
        return repr(float(f"{value:.{digits}g}"))
    return "null" if math.isnan(value) else json.dumps(value)


def _again(standing: Standing, row: str, methods: Sequence[str]) -> str:
    """Return the line that makes a record again, with the places that depend on the record in braces."""
    suite = standing.suite
    given = "".join(f" --method {_quoted(method)}" for method in methods) if row in suite.added else ""
    return (
        f"git checkout {{commit}} && harness run {suite.id} --tier {standing.tier}{given} --row {_quoted(row)} "
        "{where} --results again"
    )


def _quoted(text: str) -> str:
    """Return text as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def stored_lines(standing: Standing) -> tuple[bytes, ...]:
    """Return the lines of the records of a folder as they lie there; what is still in a journal is written anew."""
    store, stored = standing.store, standing.stored
    if store is not None and not store.journal_path.exists():
        lines = raw_lines(store.scores_path)
        if len(lines) == len(stored):
            return tuple(lines)
    return tuple(as_bytes(record.to_line()) for record in stored)


def _timing_lines(standing: Standing) -> Iterator[bytes]:
    """Yield the line of each timing, which is the one of its file where that has today's form."""
    store, timings = standing.store, standing.timings
    if store is not None and not store.journal_path.exists():
        lines = [line for path in store.timing_paths() for line in raw_lines(path)]
        if len(lines) == len(timings):
            for one, line in zip(timings, lines, strict=True):
                yield line if _SEALED in line else as_bytes(one.to_line())
            return
    yield from (as_bytes(timing.to_line()) for timing in timings)
