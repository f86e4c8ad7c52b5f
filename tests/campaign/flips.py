"""One bit turned in what a run has left: results, cached outputs, models, kept predictions, the lock, pins of files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from harness.config import TomlSource
from harness.datasets.fetching.fetch import Owner
from harness.datasets.fetching.lockfile import LockedFiles, LockFile, Pin, pin_seal
from harness.errors import ConfigError, StoreError
from harness.hashing import hash_value
from harness.predictions import Predictions
from harness.stages.values import content_hash
from harness.store import Store
from harness.worker.cache import CorruptEntryError, StageCache
from harness.worker.models import ModelStore
from tests.campaign.kills import AGAIN_S, made, started
from tests.runner.project import Project

PARTS = ("scores", "stage", "model", "prediction", "lock", "pins")
"""What says of itself what it must be; descriptions of environments and timings are not among it."""
Said = Mapping[str, object]


@dataclass(frozen=True)
class Flips:
    """Files of a finished run, one of which has a bit turned."""

    name: str = "flips"

    def prepare(self, folder: Path) -> tuple[Project, Said]:
        """Run a suite with a trained row, and return the project with what its files say."""
        project = made(folder / "original")
        assert started(project, jobs=1).wait(AGAIN_S) == 0
        pin(project)
        return project, dict(said(project))

    def attempt(self, originals: tuple[Project, Said], random: Random, folder: Path) -> str:
        """Turn a bit of a copy, and read what it is in: refused, or known as altered, or what it was."""
        original, expected = originals
        part = random.choice(PARTS)
        shutil.copytree(original.folder, folder / "copy", symlinks=True)
        project = Project(folder / "copy")
        file = random.choice(_files(project, part))
        content = bytearray(file.read_bytes())
        if not content:  # a lock that nobody holds is empty: it is signed by nobody, with one byte of rubbish
            content = bytearray(1)
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        file.write_bytes(content)
        if part == "lock":
            with project.store().open():
                return "harmless"
        return seen(part, file, expected, dict(said(project)))


def pin(project: Project) -> None:
    """Pin files, as the first download of a file without a checksum does."""
    pins = {
        name: Pin(sha256=hash_value(name), size=1, url=f"https://example.org/{name}") for name in ("a.tif", "b/c.tif")
    }
    LockFile(project.folder).add("datasets", "nuclei", pins)
    LockFile(project.folder).add("weights", "net/1", pins)


def seen(part: str, file: Path, expected: Said, found: Said) -> str:
    """Return whether a flip was "found", or is "harmless": it changes nothing that is read."""
    differing = {name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)}
    wrong = [name for name in differing if name in found and found[name] is not None]
    assert not wrong, f"{part}: {file.name}: passes as something else: {wrong}"
    return "found" if differing else "harmless"


def _files(project: Project, part: str) -> list[Path]:
    cache, store = project.folder / "cache", project.store()
    return {
        "scores": lambda: [store.scores_path],
        "stage": lambda: _below(cache / "stages"),
        "model": lambda: [path for path in _below(cache / "models") if path.suffix != ".lock"],
        "prediction": lambda: _below(cache / "predictions"),
        "lock": lambda: [store.folder / ".lock"],
        "pins": lambda: [LockFile(project.folder).path],
    }[part]()


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def said(project: Project) -> Iterator[tuple[str, object]]:
    """Yield a name and what is read under it, None where it is refused or known as altered."""
    yield from _records(project.store())
    yield "pins", _pins(LockFile(project.folder))
    cache = project.folder / "cache"
    for folder in sorted((cache / "stages").glob("??/*")):
        yield f"stage {folder.name}", _stage(StageCache(cache), folder.name)
    for folder in sorted(path for path in (cache / "models").glob("??/*") if path.is_dir()):
        yield f"model {folder.name}", _model(ModelStore(cache), folder.name)
    for file in _below(cache / "predictions"):
        value = Predictions(cache).find(file.stem, "labels")
        yield f"prediction {file.stem}", None if value is None else content_hash(value)


def _records(store: Store) -> Iterator[tuple[str, object]]:
    try:
        for record in store.records():
            yield f"record {record.id}", None if record.is_altered else record.to_line()
    except StoreError:
        return


def _pins(lock: LockFile) -> object:
    """Return all pins at once: one that is not where it was is as wrong as one that says something else."""
    try:
        locked = TomlSource(lock.path).validate(LockedFiles)
    except ConfigError:
        return None
    entries: dict[Owner, Mapping[str, Mapping[str, Pin]]]
    entries = {"datasets": locked.datasets, "weights": locked.weights}
    pins = [
        (owner, name, file, pin)
        for owner, names in entries.items()
        for name, files in names.items()
        for file, pin in files.items()
    ]
    is_altered = any(one.seal != pin_seal(owner, name, file, one) for owner, name, file, one in pins)
    return None if is_altered else pins


def _stage(cache: StageCache, key: str) -> object:
    try:
        entry = cache.entry(key)
        assert entry is not None
        values = {slot: content_hash(entry.read(slot)) for slot in entry.hashes}
    except CorruptEntryError:
        return None
    return values, entry.made


def _model(store: ModelStore, key: str) -> object:
    try:
        model = store.find(key)
    except CorruptEntryError:
        return None
    assert model is not None
    return model.hash, model.made, model.cost, model.facts
