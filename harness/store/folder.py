"""The results folder of one suite, version and tier: one writer, any number of readers."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from harness.collection import without_collection
from harness.errors import IncompleteError, StoreError
from harness.model import TIERS, CellId, Tier
from harness.regular_files import read_regular
from harness.store.files import Journal, read_lines, replace_text
from harness.store.lock import LockedWriter
from harness.store.records import Record, Timing, place_of, read_record, read_timing
from harness.store.scores import read_scores, read_timings
from harness.store.statements import StatementRecord, StatementWriter, read_statement

ItemT = TypeVar("ItemT", Record, Timing)
Entry = tuple[Record, Timing | None]
CELLS_NAMED = 5
_place_and_machine = attrgetter("machine", *CellId._fields)


class Store:
    """`<results>/<suite>/v<version>/<tier>/`: `scores.jsonl`, `timings/`, `environments/`, tables.

    A data table has `facts.jsonl` and its tables.

    Reading needs no lock and sees a running writer's finished cells.
    """

    def __init__(self, results_dir: Path, suite_id: str, version: int, tier: Tier) -> None:
        self.suite = suite_id
        self.version = version
        self.tier = tier
        self.folder = results_dir / suite_id / f"v{version}" / tier

    @property
    def scores_path(self) -> Path:
        """The canonical file of records."""
        return self.folder / "scores.jsonl"

    @property
    def journal_path(self) -> Path:
        """The records of the run in progress, or of one that was killed."""
        return self.folder / "scores.journal"

    def timing_paths(self) -> list[Path]:
        """The canonical files of timings, one a machine."""
        return sorted((self.folder / "timings").glob("*.jsonl"))

    @property
    def statements_path(self) -> Path:
        """The file of facts of a data table."""
        return self.folder / "facts.jsonl"

    def statements(self) -> tuple[StatementRecord, ...]:
        """Return the facts of a data table, in the order of its rows.

        Raises `StoreError` naming file and line of what cannot be read.
        """
        return read_lines(self.statements_path, read_statement)

    def open_statements(self, order: Sequence[str], log: Callable[[str], None] = lambda line: None) -> StatementWriter:
        """Return the one writer of this folder's facts (a context manager); `order` are the rows of the suite.

        `log` is told what had to be mended because somebody else changed the folder. Raises `StoreError` naming the
        folder and the process that holds it if another writer is open.
        """
        return StatementWriter(self.statements_path, order, log)

    @without_collection()
    def records(self) -> tuple[Record, ...]:
        """Return the newest record of every cell, in the file's order, then those of the journal.

        Raises `StoreError` naming file and line of what cannot be read.
        """
        journal = self._journal()  # read first: a closing writer moves its lines to the scores
        merged = {place_of(record): record for record in read_scores(self.scores_path)}
        merged.update((place_of(record), record) for record, _ in journal)
        return tuple(merged.values())

    @without_collection()
    def timings(self, machine: str | None = None) -> tuple[Timing, ...]:
        """Return the newest timing of every machine and cell; of one machine if it is named."""
        journal = self._journal()
        merged: dict[tuple[Any, ...], Timing] = {}
        for path in self.timing_paths():
            merged.update((_place_and_machine(timing), timing) for timing in read_timings(path))
        for _, timing in journal:
            if timing is not None:
                merged[_place_and_machine(timing)] = timing
        return tuple(timing for timing in merged.values() if machine in (None, timing.machine))

    def environments(self) -> dict[str, dict[str, Any]]:
        """Return every stored environment by fingerprint."""
        found: dict[str, dict[str, Any]] = {}
        for path in sorted((self.folder / "environments").glob("*.json")):
            found[path.stem] = _read_environment(path)
        return found

    def open(self, order: Sequence[CellId] = (), log: Callable[[str], None] = lambda line: None) -> Writer:
        """Return the one writer of this folder (a context manager).

        `order` is the canonical order of the whole suite's cells; without it the
        file's own order stays and new cells follow, sorted. `log` is told what had to be mended because somebody else
        changed the folder. Raises `StoreError` naming the folder and the process that holds it if another writer is
        open.
        """
        return Writer(self, order, log)

    def write_table(self, name: str, text: str) -> Path:
        """Write a table file ("table.md") atomically and return its path."""
        path = self.folder / name
        replace_text(path, text)
        return path

    def _journal(self) -> tuple[Entry, ...]:
        return read_lines(self.journal_path, _read_entry, torn_tail=True)


class Writer(LockedWriter):
    """Adds records durably, one by one, and leaves canonical files when it is closed.

    A leftover journal of a killed run is merged when the writer opens. What others remove or replace while it is open
    (the journal, the lock, records, the folder) is put back, and said through `log`.
    """

    def __init__(
        self, store: Store, order: Sequence[CellId] = (), log: Callable[[str], None] = lambda line: None
    ) -> None:
        self.store = store
        self._order = {cell: number for number, cell in enumerate(order)}
        super().__init__(store.folder, log)
        self._added: set[CellId] = set()
        self._journal = Journal(store.journal_path, log)
        try:
            self._merge()
            self._bring_in_order()
            self._standing = _contents(store)
        except BaseException:
            self._lock.release()
            raise

    def add(self, record: Record, timing: Timing | None = None) -> None:
        """Make a cell's record and timing durable; raises `StoreError` if the disk refuses (earlier cells are kept)."""
        self._check(record)
        line = f'{{"record":{record.to_line()},"timing":{timing.to_line() if timing else "null"}}}'
        self._keep_lock()
        self._journal.append([line])
        self._added.add(record.id)

    def add_environment(self, fingerprint: str, environment: Mapping[str, Any]) -> None:
        """Keep the description of an environment that records refer to."""
        path = self.store.folder / "environments" / f"{fingerprint}.json"
        text = json.dumps(environment, indent=2, sort_keys=True) + "\n"
        replace_text(path, text)
        self._standing[path] = text.encode()

    def close(self) -> None:
        """Merge the journal into the canonical files and give the folder free.

        Raises `IncompleteError` with the cells whose records are not in the end where they belong.
        """
        try:
            self._keep_lock()
            self._journal.secure()
            self._restore()
            self._merge()
        finally:
            self._journal.close()
            self._lock.release()

    def _restore(self) -> None:
        """Put back what stood in the folder when this writer opened, or was added, and is gone or another one now.

        An older copy, as a sync client or `git checkout` brings, lacks records that this run took for done. What only
        the copy has is kept.
        """
        for path, content in self._standing.items():
            if not path.exists():
                replace_text(path, content.decode("utf-8", "replace"))
                self._log(f"{path}: was removed while this run had the folder; written again as it was")
            elif path.read_bytes() != content:
                self._put_back(path, content.decode("utf-8", "replace"))
                self._log(f"{path}: was replaced while this run had the folder; what stood in it is written again")

    def _put_back(self, path: Path, text: str) -> None:
        """Write what stood in a file that somebody replaced, and with it the records or timings that only that has."""
        if path.suffix != ".jsonl":
            replace_text(path, text)
        elif path == self.store.scores_path:
            self._put_lines_back(path, text, read_record)
        else:
            self._put_lines_back(path, text, read_timing)

    def _put_lines_back(self, path: Path, text: str, read: Callable[[Any, str], ItemT]) -> None:
        found: tuple[ItemT, ...] = ()
        with contextlib.suppress(StoreError):  # a copy that cannot be read has nothing to keep
            found = read_lines(path, read)
        replace_text(path, text)
        own = {item.id for item in read_lines(path, read)}
        self._rewrite(path, read, [item for item in found if item.id not in own])

    def _check(self, record: Record) -> None:
        store = self.store
        if (record.suite, record.version, record.tier) != (store.suite, store.version, store.tier):
            raise StoreError(
                f"{store.folder}: a record of suite {record.suite} v{record.version} {record.tier} belongs elsewhere"
            )

    def _merge(self) -> None:
        """Write timings, then scores, then drop the journal: interrupted anywhere, the next merge ends the same."""
        entries = self.store._journal()
        if entries:
            for machine in sorted({timing.machine for _, timing in entries if timing is not None}):
                path = self.store.folder / "timings" / f"{_file_name(machine)}.jsonl"
                fresh = [timing for _, timing in entries if timing is not None and timing.machine == machine]
                self._rewrite(path, read_timing, fresh)
            self._rewrite(self.store.scores_path, read_record, [record for record, _ in entries])
        if self._added:
            lost = self._added.difference(read_lines(self.store.scores_path, _read_place))
            if lost:
                raise IncompleteError(_loss(self.store.scores_path, lost))
        self._journal.remove()

    def _bring_in_order(self) -> None:
        """Write the scores again in the order of the suite's cells, where that has changed since."""
        if not self._order:
            return
        places = read_lines(self.store.scores_path, _read_place)
        if list(places) != _ordered(set(places), self._order):
            self._rewrite(self.store.scores_path, read_record, ())

    def _rewrite(self, path: Path, read: Callable[[Any, str], ItemT], fresh: Iterable[ItemT]) -> None:
        items: dict[CellId, ItemT] = {item.id: item for item in read_lines(path, read)}
        known = self._order or {cell: number for number, cell in enumerate(items)}
        items.update((item.id, item) for item in fresh)
        replace_text(path, "".join(f"{items[place].to_line()}\n" for place in _ordered(items, known)))


def _ordered(places: Iterable[CellId], known: Mapping[CellId, int]) -> list[CellId]:
    """Return places in their known order, then the others, sorted."""
    return sorted(places, key=lambda place: (known.get(place, len(known)), place))


def read_results(
    results_dir: Path, suite_id: str, tier: Tier | None = None, *, version: int | None = None
) -> tuple[Record, ...]:
    """Return the records of a suite: of one tier or of all, of one version or of the newest stored."""
    stores = [store for store in find_stores(results_dir) if store.suite == suite_id and tier in (None, store.tier)]
    wanted = version if version is not None else max((store.version for store in stores), default=0)
    return tuple(record for store in stores if store.version == wanted for record in store.records())


def find_stores(results_dir: Path) -> tuple[Store, ...]:
    """Return every store below a results folder that holds records or facts, sorted by suite, version and tier."""
    found = []
    for folder in results_dir.glob("*/v*/*"):
        number = re.fullmatch(r"v(\d+)", folder.parent.name)
        if number and folder.name in TIERS:
            store = Store(results_dir, folder.parent.parent.name, int(number[1]), folder.name)
            if any(path.exists() for path in (store.scores_path, store.journal_path, store.statements_path)):
                found.append(store)
    return tuple(sorted(found, key=lambda store: (store.suite, store.version, TIERS.index(store.tier))))


def _contents(store: Store) -> dict[Path, bytes]:
    """Return what the canonical files of a folder hold."""
    paths = [store.scores_path, *store.folder.glob("timings/*.jsonl"), *store.folder.glob("environments/*.json")]
    return {path: path.read_bytes() for path in paths if path.is_file()}


def _loss(path: Path, lost: Collection[CellId]) -> str:
    names = ", ".join(str(cell) for cell in sorted(lost)[:CELLS_NAMED])
    more = ", …" if len(lost) > CELLS_NAMED else ""
    return f"{path}: {len(lost)} records of this run are not there, for it was changed meanwhile ({names}{more})"


def _read_environment(path: Path) -> dict[str, Any]:
    """Return a stored environment; raises `StoreError` naming the file where it cannot be read."""
    try:
        environment = json.loads(read_regular(path))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: not JSON ({error})") from error
    if not isinstance(environment, dict):
        raise StoreError(f"{path}: not an environment: accepted a JSON object; found {str(environment)[:60]!r}")
    return environment


def _read_place(data: Any, where: str) -> CellId:
    """Return where the cell of a record stands: all of a record is validated when it is used, which costs much more."""
    parts: list[Any] = [data.get(name) for name in CellId._fields] if isinstance(data, dict) else []
    if [type(part) for part in parts] == [str, str, str, str, int]:
        return CellId(*parts)
    return read_record(data, where).id  # of another schema, or damaged: it says what is wrong


def _read_entry(data: Any, where: str) -> Entry:
    if not isinstance(data, dict) or set(data) != {"record", "timing"}:
        raise StoreError(f"{where}: a journal line holds a record and a timing; found {str(data)[:60]!r}")
    timing = None if data["timing"] is None else read_timing(data["timing"], where)
    return read_record(data["record"], where), timing


def _file_name(machine: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", machine)
