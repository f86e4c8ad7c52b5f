"""Everything that was kept, held against what says how it must be: records, predictions, cache, downloads, pins."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from harness.advisories import hits
from harness.config import TomlSource
from harness.datasets.catalogue import find_catalogue
from harness.datasets.fetching.fetch import Owner, file_checksum
from harness.datasets.fetching.lockfile import FILE_NAME, LockedFiles, Pin, is_canonical, pin_seal
from harness.errors import ConfigError, HarnessError, StoreError
from harness.hashing import hash_value
from harness.model import CellId
from harness.predictions import Predictions, read_evicted
from harness.project import Project
from harness.store import Record, Store, find_stores
from harness.store.records import line_checksum, read_record, read_timing
from harness.store.statements import read_statement
from harness.worker.cache import CorruptEntryError, StageCache
from harness.worker.models import ModelStore

Kind = Literal["record", "timing", "fact", "environment", "prediction", "output", "model", "download", "lock"]
State = Literal["damaged", "altered", "advisory"]

RENEW = "take it from version control, or delete the damaged entry"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written, or of which an advisory speaks: what, where, and what to do."""

    kind: Kind
    state: State
    where: str
    what: str
    action: str


@dataclass(slots=True)
class Audit:
    """What was looked at, by kind, and what was found."""

    looked_at: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged or altered; advisories are no damage."""
        return all(finding.state == "advisory" for finding in self.findings)

    def add(self, kind: Kind, state: State, where: Path | str, what: object, action: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(kind, state, str(where), str(what), action))


def audit(project: Project, results: Path, cache: Path) -> Audit:
    """Return the audit of a results folder and a cache; nothing is changed, removed or fetched.

    Raises `StoreError` where a disk refuses.
    """
    found = Audit()
    for store in find_stores(results):
        _audit_store(found, project, store)
    _audit_predictions(found, Predictions(cache))
    _audit_entries(found, "output", StageCache(cache).folder, StageCache(cache).entry, _read_output)
    models = ModelStore(cache)
    _audit_entries(found, "model", models.folder, models.find, lambda _: None)
    _audit_downloads(found, project, cache)
    return found


def _audit_store(found: Audit, project: Project, store: Store) -> None:
    again = f"harness run {store.suite} --tier {store.tier} makes it again; harness rescore mends altered scores"
    seen: dict[CellId, int] = {}
    environments: dict[str, str] = {}

    def check(data: Any, where: str) -> None:
        record = read_record(data, where)
        if record.is_altered:
            found.add("record", "altered", where, f"{record.id}: its checksum is not that of its content", again)
        if record.id in seen:
            found.add("record", "altered", where, f"{record.id} stands there twice", again)
        seen[record.id] = 1
        environments.setdefault(record.environment, where)
        _note_advisories(found, project, record, where)

    _audit_lines(found, "record", store.scores_path, check, again)
    journal = store.journal_path
    _audit_lines(
        found, "record", journal, lambda data, where: _audit_entry(found, data, where, again), again, torn=True
    )
    for path in sorted(store.folder.glob("timings/*.jsonl")):
        _audit_lines(found, "timing", path, read_timing, again, is_sealed=True)
    _audit_lines(found, "fact", store.statements_path, read_statement, again, is_sealed=True)
    for path in sorted(store.folder.glob("environments/*.json")):
        found.looked_at["environment"] += 1
        try:
            digest = hash_value(json.loads(path.read_bytes()))[:16]
        except (ValueError, RecursionError) as error:
            found.add("environment", "damaged", path, f"not JSON ({error})", again)
            environments.pop(path.stem, None)
            continue
        if digest != path.stem:
            found.add("environment", "altered", path, f"its content has the fingerprint {digest}", again)
        environments.pop(path.stem, None)
    for name, where in environments.items():
        if name:
            found.add("environment", "damaged", where, f"its environment {name} is not among environments/", again)


def _audit_entry(found: Audit, data: Any, where: str, action: str) -> None:
    """Look at a line of a journal; raises `StoreError` for one that cannot be read."""
    if not isinstance(data, dict) or set(data) != {"record", "timing"}:
        raise StoreError(f"{where}: a journal line holds a record and a timing")
    if read_record(data["record"], where).is_altered:
        found.add("record", "altered", where, "its checksum is not that of its content", action)
    if data["timing"] is not None:
        read_timing(data["timing"], where)
        _check_seal(found, "timing", json.dumps(data["timing"]).encode(), where, action)


def _check_seal(found: Audit, kind: Kind, line: bytes, where: str, action: str) -> None:
    """Hold a line of JSON against its checksum; lines from before checksums were kept are counted."""
    stated = json.loads(line).get("checksum", "")
    if not stated:
        found.looked_at["unsealed line"] += 1
    elif stated != line_checksum(line):
        found.add(kind, "altered", where, "its checksum is not that of its content", action)


def _note_advisories(found: Audit, project: Project, record: Record, where: str) -> None:
    for about in dict.fromkeys(one for several in hits(project.advisories, record).values() for one in several):
        metrics = ", ".join(about.metrics_hit(record))
        what = f"{record.id}: {about.spec.id}: {about.spec.reason} ({metrics})"
        found.add("record", "advisory", where, what, about.spec.action)


def _audit_lines(
    found: Audit,
    kind: Kind,
    path: Path,
    read: Callable[[Any, str], object],
    action: str,
    *,
    torn: bool = False,
    is_sealed: bool = False,
) -> None:
    """Read every line of a file by itself, so that one damaged line does not hide the next.

    `torn`: a last line that does not end is that of a writer that died; `is_sealed`: lines end with their checksum.
    """
    if not path.is_file():
        return
    lines = path.read_bytes().split(b"\n")
    tail = lines.pop()
    if tail and not torn:
        lines.append(tail)
    for number, line in enumerate(lines, start=1):
        found.looked_at[kind] += 1
        where = f"{path}:{number}"
        try:
            read(json.loads(line), where)
            if is_sealed:
                _check_seal(found, kind, line, where, action)
        except (ValueError, RecursionError) as error:
            found.add(kind, "damaged", where, f"not JSON ({error})", action)
        except HarnessError as error:
            found.add(kind, "damaged", where, str(error).removeprefix(f"{where}: "), action)


def _audit_predictions(found: Audit, predictions: Predictions) -> None:
    _audit_lines(found, "prediction", predictions.removals, read_evicted, "delete the damaged line", torn=True)
    for path, problem in predictions.checked():
        found.looked_at["prediction"] += 1
        if problem:
            found.add(
                "prediction", "altered", path, problem, "it is dropped when it is next asked for; run the cell again"
            )


def _audit_entries(
    found: Audit, kind: Kind, folder: Path, find: Callable[[str], Any], read: Callable[[Any], object]
) -> None:
    """Open every entry of a part of the cache."""
    for path in sorted(folder.glob("[0-9a-f][0-9a-f]/*")):
        if path.suffix in (".lock", ".partial") or not path.is_dir():
            continue
        found.looked_at[kind] += 1
        try:
            read(find(path.name))
        except CorruptEntryError as error:
            found.add(kind, "altered", path, error, "it is made again when it is next needed")


def _read_output(entry: Any) -> None:
    for slot in entry.hashes:
        entry.read(slot)


def _audit_downloads(found: Audit, project: Project, cache: Path) -> None:
    folders = [path.parent for path in project.catalogues or (find_catalogue(project.root),)]
    for path in (*(folder / FILE_NAME for folder in dict.fromkeys(folders)), *sorted((cache / "pins").glob("*.toml"))):
        if not path.is_file():
            continue
        found.looked_at["lock"] += 1
        try:
            locked = TomlSource(path).validate(LockedFiles)
        except ConfigError as error:
            found.add("lock", "damaged", path, error, RENEW)
            continue
        if not is_canonical(path.read_text(encoding="utf-8"), locked):
            found.add("lock", "altered", path, "its text is not as the harness writes it", RENEW)
        entries_of: tuple[tuple[Owner, Mapping[str, Mapping[str, Pin]]], ...]
        entries_of = (("datasets", locked.datasets), ("weights", locked.weights))
        for owner, entries in entries_of:
            for name, pins in entries.items():
                _check_pins(found, path, owner, name, pins)
                checksums = {file: f"sha256:{pin.sha256}" for file, pin in pins.items()}
                _audit_files(found, cache / owner / name, checksums, f"{path.name} says")
    catalogue = project.catalogue
    declarations: tuple[tuple[str, str, object], ...] = (
        *(("datasets", name, catalogue.dataset(name).declaration) for name in catalogue.dataset_ids()),
        *(("weights", name, catalogue.weights(name).declaration) for name in catalogue.weight_ids()),
    )
    for part, name, declaration in declarations:
        files = getattr(declaration, "files", ())
        checksums = {file.name: file.checksum for file in files if getattr(file, "checksum", "")}
        _audit_files(found, cache / part / name, checksums, "the catalogue says")


def _check_pins(found: Audit, path: Path, owner: Owner, name: str, pins: Mapping[str, Pin]) -> None:
    for file, pin in pins.items():
        if not pin.seal:
            found.looked_at["unsealed pin"] += 1
        elif pin.seal != pin_seal(owner, name, file, pin):
            found.add("lock", "altered", path, f"{owner}.{name}.{file}: its seal is not that of its content", RENEW)


def _audit_files(found: Audit, folder: Path, checksums: Mapping[str, str], who: str) -> None:
    for name, checksum in checksums.items():
        path = folder / name
        if not path.is_file():
            continue
        algorithm = checksum.partition(":")[0]
        if algorithm.startswith("xxh") and find_spec("xxhash") is None:
            found.looked_at["unchecked download"] += 1
            continue
        found.looked_at["download"] += 1
        digest = file_checksum(path, algorithm)
        if digest != checksum:
            found.add("download", "altered", path, f"is {digest}, {who} {checksum}", "delete it; it is fetched again")


def finding_lines(found: Audit) -> Iterator[tuple[str, ...]]:
    """Yield the cells of a table of findings: kind, state, where, what, what to do."""
    for finding in found.findings:
        yield (finding.kind, finding.state, finding.where, finding.what, finding.action)
