"""The records of a suite as files that a page reads: one list of all, and what each says, row by row.

Records of a row lie in one file, because a page may ask for a few of a hundred thousand, and a browser that opened a
page from a disk reads nothing but scripts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.advisories import hits
from harness.report.writing import write_page
from harness.standing import Standing
from harness.store import Record, Timing
from harness.tables.build import ALTERED

COLUMNS = ("row", "data set", "sample", "fold", "repeat", "status", "score", "seconds", "seed", "commit", "key")
TEXT_COLUMNS = ("row", "data set", "sample", "fold", "status", "commit", "key")
KEY_LENGTH = 16
_SEALED = '"checksum":"'
"""Stands in every line of a timing that has today's form."""
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def write_records(
    standing: Standing, lines: Sequence[str], output: Path, folder: str, *, methods: Sequence[str] = ()
) -> int:
    """Write `<folder>/index.js` and `<folder>/rows/<n>.js` for every stored record; return how many.

    `lines` are those of the records in their file; `methods` are what was laid over the suite, as it was given.
    Raises `StoreError` if the folder cannot be written.
    """
    stored = standing.stored
    primary = standing.suite.primary
    timings = {
        (timing.id, timing.cell): (timing, line)
        for timing, line in zip(standing.timings, _timing_lines(standing), strict=True)
    }
    altered = {record.cell for record in stored if record.is_altered}
    rows: dict[str, list[str]] = {}
    numbers: dict[str, int] = {}
    listed = []
    for record, line in zip(stored, lines, strict=True):
        number = numbers.setdefault(record.row, len(numbers))
        shard = rows.setdefault(record.row, [])
        timing, said = timings.get((record.id, record.cell), (None, "null"))
        listed.append(_listed(record, timing, primary, (number, len(shard)), is_altered=record.cell in altered))
        shard.append(f'{{"record":{line},"timing":{said}}}')
    for row, number in numbers.items():
        text = ",\n".join(rows[row])
        write_page(output / folder / "rows" / f"{number}.js", f"report.shard({number}, [\n{text}\n]);\n")
    index = {
        "columns": [primary if name == "score" else name for name in COLUMNS],
        "text": [COLUMNS.index(name) for name in TEXT_COLUMNS],
        "score": COLUMNS.index("score"),
        "again": [_again(standing, row, methods) for row in numbers],
        "environments": dict(standing.environments),
        "struck": dict(_struck(standing, stored, altered)) if standing.advisories or altered else {},
    }
    head = json.dumps(index, ensure_ascii=False)[:-1]
    write_page(output / folder / "index.js", f'report.list({head},"lines":[\n{_joined(listed)}\n]}});\n')
    return len(listed)


def record_key(record: Record) -> str:
    """Return by what a page names a record: the beginning of its cell's key."""
    return record.cell[:KEY_LENGTH]


def _joined(lines: Sequence[Sequence[Any]]) -> str:
    return ",\n".join(map(_ENCODE, lines))


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


def _listed(
    record: Record, timing: Timing | None, primary: str, place: tuple[int, int], *, is_altered: bool
) -> list[Any]:
    """Return the line of a record in the list; the last entry, which no column shows, is its place among the rows."""
    score = record.metrics.get(primary, math.nan)
    run_s = None if timing is None else timing.run_s
    return [
        record.row,
        record.dataset,
        record.sample,
        record.fold,
        record.repeat,
        "altered" if is_altered else record.status,
        None if math.isnan(score) else float(f"{score:.6g}"),
        None if run_s is None else float(f"{run_s:.3g}"),
        record.seed,
        record.code.commit[:12],
        record_key(record),
        place,
    ]


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


def stored_lines(standing: Standing) -> tuple[str, ...]:
    """Return the lines of the records of a folder as they lie there; what is still in a journal is written anew."""
    store, stored = standing.store, standing.stored
    if store is not None and store.scores_path.is_file() and not store.journal_path.exists():
        lines = _lines(store.scores_path)
        if len(lines) == len(stored):
            return lines
    return tuple(record.to_line() for record in stored)


def _timing_lines(standing: Standing) -> Iterator[str]:
    """Yield the line of each timing, which is the one of its file where that has today's form."""
    store, timings = standing.store, standing.timings
    if store is not None and not store.journal_path.exists():
        lines = [line for path in store.timing_paths() for line in _lines(path)]
        if len(lines) == len(timings):
            yield from (line if _SEALED in line else one.to_line() for one, line in zip(timings, lines, strict=True))
            return
    yield from (timing.to_line() for timing in timings)


def _lines(path: Path) -> tuple[str, ...]:
    return tuple(line for line in path.read_text(encoding="utf-8").split("\n") if line.strip())
