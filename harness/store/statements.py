"""Stored facts of data tables: one record per row, in a file that is whole at any moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from harness.model import Tier
from harness.store.files import read_lines, replace_text
from harness.store.lock import ExclusiveLock
from harness.store.migrations import upgrade
from harness.store.records import Code, read_item, sealed_line


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """The computed facts of one row of a data table.

    key     hash of everything that determines the facts
    source  what the row is computed from, as the suite says it
    data    content hashes by "dataset/sample" or by weights id
    facts   numbers, texts, or tuples of either, by name

    checksum is over all else, as it was written; "" before that, and in lines from before it was kept.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    key: str
    suite: str
    version: int
    tier: Tier
    row: str
    source: Mapping[str, Any] = field(hash=False)
    data: Mapping[str, str] = field(hash=False)
    facts: Mapping[str, Any] = field(hash=False)
    notes: tuple[str, ...] = ()
    code: Code = field(default_factory=Code)
    checksum: str = field(default="", compare=False, metadata={"silent": True})

    def to_line(self) -> str:
        """Return the one JSON line of the record; a checksum that is there stays, also where it is wrong."""
        return sealed_line(self)


def read_statement(data: Any, where: str) -> StatementRecord:
    """Return the record of a JSON object; raises `StoreError` beginning with `where` ("file:line")."""
    data = upgrade(data, "fact", where)
    for name in ("source", "facts"):
        if isinstance(data.get(name), dict):
            data[name] = {key: tuple(v) if isinstance(v, list) else v for key, v in data[name].items()}
    return read_item(_adapter(), data, where)


class StatementWriter:
    """The one writer of a folder's facts (a context manager); every added record is durable at once.

    `order` are the rows of the suite; records of other rows are dropped when one is added.
    """

    def __init__(self, path: Path, order: Sequence[str]) -> None:
        self._path = path
        self._order = tuple(order)
        self._lock = ExclusiveLock.hold(path.parent)

    def add(self, record: StatementRecord) -> None:
        """Put a record in its place, replacing that of the same row."""
        self._lock.keep()
        records = {known.row: known for known in read_lines(self._path, read_statement)}
        records[record.row] = record
        replace_text(self._path, "".join(f"{records[row].to_line()}\n" for row in self._order if row in records))

    def __enter__(self) -> StatementWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()


@cache
def _adapter() -> TypeAdapter[StatementRecord]:
    return TypeAdapter(StatementRecord)
