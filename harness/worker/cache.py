"""The content-addressed cache of stage outputs: `<cache>/stages/<k[:2]>/<key>/` holds .npy files and meta.json."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from harness.errors import StoreError
from harness.hashing import hash_value
from harness.model import JsonDict
from harness.stages.slots import slot_of
from harness.stages.values import Value, content_hash
from harness.store.records import StageTiming
from harness.worker.folders import is_altered, remove, sealed, sweep_drafts

SCHEMA = 4


class CorruptEntryError(Exception):
    """A cache entry whose files are not what was written; the stage is run again."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where something was computed: a time says nothing anywhere else, and a score may round differently there.

    `environment` is the fingerprint of hardware, packages and threads.
    """

    machine: str
    device: str
    threads: int
    environment: str

    def __str__(self) -> str:
        return f"{self.machine}, {self.device}, {self.threads} threads, environment {self.environment}"


@dataclass(frozen=True, slots=True)
class Made:
    """How an output came about: what making it took, where that was, and what the stage reported."""

    timing: StageTiming
    setting: Setting
    facts: Mapping[str, int | float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, eq=False)
class CacheEntry:
    """A stored stage output: hash of each slot's value, and how it was made.

    `arrays` names the arrays of each slot, `headers` holds what else makes up its value.
    """

    folder: Path
    hashes: Mapping[str, str]
    arrays: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, JsonDict]
    made: Made

    @property
    def output_hash(self) -> str:
        """The one hash of all slots."""
        return output_hash(self.hashes)

    def read(self, slot: str) -> Value:
        """Return the value of a slot; raises `CorruptEntryError` if its files are not what was written."""
        import numpy as np

        if slot not in self.hashes:
            raise CorruptEntryError(f"meta.json: no slot '{slot}'; there are {', '.join(self.hashes)}")
        arrays: dict[str, np.ndarray] = {}
        for name in self.arrays[slot]:
            file = _file_name(slot, name)
            try:
                arrays[name] = np.load(self.folder / file, allow_pickle=False)
            except (OSError, ValueError, EOFError, TokenError) as error:  # the last of the parser of NumPy's headers
                raise CorruptEntryError(f"{file}: {error}") from error
        try:
            value = slot_of(slot).holds.build(arrays, dict(self.headers[slot]))
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptEntryError(f"meta.json: {error}") from error
        if content_hash(value) != self.hashes[slot]:
            raise CorruptEntryError(f"{_file_name(slot, self.arrays[slot][0])}: its bytes have changed")
        return value


@dataclass(frozen=True, slots=True)
class _Description:
    """What meta.json says of an entry."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    schema: Literal[4]
    hashes: dict[str, str]
    arrays: dict[str, tuple[str, ...]]
    headers: dict[str, JsonDict]
    made: Made
    checksum: str


class _Stream:
    """A file as NumPy does not know it: given one it does, it would leave out why a disk refuses."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


class StageCache:
    """Entries appear whole (renamed into place) or not at all; concurrent writers of one key write the same."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "stages"

    def entry(self, key: str) -> CacheEntry | None:
        """Return the entry of a key, None if there is none.

        Raises:
            CorruptEntryError: what is there is no entry: its description is damaged, of another schema, or gone.
            StoreError: the disk refuses.
        """
        folder = self._folder_of(key)
        try:
            text = (folder / "meta.json").read_bytes()
            said = _description().validate_json(text)
        except (FileNotFoundError, NotADirectoryError) as error:
            if os.path.lexists(folder):
                raise CorruptEntryError("meta.json: not there") from error
            return None
        except ValidationError as error:
            problem = error.errors()[0]
            key_path = ".".join(str(part) for part in problem["loc"])
            raise CorruptEntryError(f"meta.json: key '{key_path}': {problem['msg']}") from error
        except OSError as error:
            raise StoreError(f"{self.folder}: a stage output cannot be read ({error.strerror})") from error
        if is_altered(text):
            raise CorruptEntryError("meta.json: its bytes have changed")
        if not said.hashes.keys() == said.arrays.keys() == said.headers.keys():
            raise CorruptEntryError("meta.json: its hashes, arrays and headers are of different slots")
        return CacheEntry(folder, said.hashes, said.arrays, said.headers, said.made)

    def made(self, output: str) -> CacheEntry | None:
        """Return the entry whose slots together have this hash, as records name it; None if there is none.

        Every entry is looked at; one that is no entry is passed over.
        """
        for path in sorted(self.folder.glob("??/*/meta.json")):
            try:
                entry = self.entry(path.parent.name)
            except CorruptEntryError:
                continue
            if entry is not None and entry.output_hash == output:
                return entry
        return None

    def put(self, key: str, outputs: Mapping[str, Value], made: Made) -> dict[str, str]:
        """Store the outputs of a stage and return the hash of each slot.

        Raises `StoreError` when the disk refuses, leaving nothing behind.
        """
        import numpy as np

        hashes = content_hashes(outputs)
        meta = {
            "schema": SCHEMA,
            "hashes": hashes,
            "arrays": {slot: list(value.arrays()) for slot, value in outputs.items()},
            "headers": {slot: value.header() for slot, value in outputs.items()},
            "made": asdict(made),
        }
        partial = self.folder / "partial" / f"{key}-{uuid.uuid4().hex}"
        try:
            partial.mkdir(parents=True)
            for slot, value in outputs.items():
                for name, array in value.arrays().items():
                    with (partial / _file_name(slot, name)).open("wb") as file:
                        np.save(_Stream(file), array, allow_pickle=False)
            (partial / "meta.json").write_text(sealed(meta), encoding="utf-8")
            self._move(partial, self._folder_of(key))
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise StoreError(f"{self.folder}: a stage output cannot be kept ({error.strerror or error})") from error
        return hashes

    def drop(self, key: str) -> None:
        """Remove an entry that cannot be read."""
        remove(self._folder_of(key))

    def sweep(self, *, now_s: float | None = None) -> None:
        """Remove what killed workers left half-written more than a day ago."""
        sweep_drafts((self.folder / "partial").glob("*"), now_s=now_s)

    def _folder_of(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _move(self, partial: Path, final: Path) -> None:
        final.parent.mkdir(exist_ok=True)
        try:
            os.rename(partial, final)  # noqa: PTH104 - must fail on a folder that is there, on every system
        except OSError:
            if not (final / "meta.json").exists():
                raise
            shutil.rmtree(partial)  # another worker was faster with the same content


def content_hashes(outputs: Mapping[str, Value]) -> dict[str, str]:
    """Return the hash of each slot's value."""
    return {slot: content_hash(value) for slot, value in outputs.items()}


def output_hash(hashes: Mapping[str, str]) -> str:
    """Return the hash of a stage's output: of its one array, or of all slots together."""
    return next(iter(hashes.values())) if len(hashes) == 1 else hash_value(dict(hashes))


def timing_here(made: Made, here: Setting) -> StageTiming:
    """Return the recorded timing of a cached output, without its seconds and bytes if it was made elsewhere."""
    if made.setting != here:
        return StageTiming(made.timing.id, cached=True, device=made.setting.device)
    return replace(made.timing, cached=True)


@cache
def _description() -> TypeAdapter[_Description]:
    return TypeAdapter(_Description)


def _file_name(slot: str, array: str) -> str:
    return f"{slot}.npy" if array == "array" else f"{slot}.{array}.npy"
