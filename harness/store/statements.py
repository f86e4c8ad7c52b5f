"""Stored facts of data tables: one record per row, in a file that is whole at any moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from harness.model import Tier
from harness.store.files import as_bytes, read_lines, replace_text
from harness.store.lock import LockedWriter
from harness.store.migrations import upgrade
from harness.store.records import Code, json_line, line_checksum, read_item, sealed_line


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """The computed facts of one row of a data table.

    key     hash of everything that determines the facts
    source  what the row is computed from, as the suite says it
    data    content hashes by "dataset/sample" or by weights id
    facts   numbers, texts, or tuples of either, by name

    checksum is over all else, as it was written; "" before that, and in lines from before it was kept. A
    line whose checksum is another was altered.
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

    @property
    def is_altered(self) -> bool:
        """Whether something of the record was changed after it was written."""
        return self.checksum not in ("", line_checksum(json_line(self)))

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


class StatementWriter(LockedWriter):
    """The one writer of a folder's facts (a context manager); every added record is durable at once.

    `order` are the rows of the suite; records of other rows are dropped when one is added. What others remove or
    replace while it is open is put back, and said through `log`.
    """

    def __init__(self, path: Path, order: Sequence[str], log: Callable[[str], None] = lambda line: None) -> None:
        self._path = path
        self._order = tuple(order)
        super().__init__(path.parent, log)
        try:
            self._records = {known.row: known for known in read_lines(path, read_statement)}
        except BaseException:
            self._lock.release()
            raise
        self._written = ""

    def add(self, record: StatementRecord) -> None:
        """Put a record in its place, replacing that of the same row."""
        self._keep()
        self._records[record.row] = record
        lines = (self._records[row].to_line() for row in self._order if row in self._records)
        self._written = "".join(f"{line}\n" for line in lines)
        replace_text(self._path, self._written)

    def close(self) -> None:
        """Give the folder free; raises `StoreError` where what others removed cannot be written again."""
        try:
            self._keep()
        finally:
            self._lock.release()

    def _keep(self) -> None:
        """Put back what was written, and take the lock again, where others have removed or replaced either."""
        self._keep_lock()
        if self._written and not (self._path.is_file() and self._path.read_bytes() == as_bytes(self._written)):
            replace_text(self._path, self._written)
            self._log(f"{self._path}: was removed or changed while this run writes it; its facts are written again")


@cache
def _adapter() -> TypeAdapter[StatementRecord]:
    return TypeAdapter(StatementRecord)
