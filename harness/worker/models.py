"""The content-addressed store of trained models: `<cache>/models/<k[:2]>/<key>/` holds `model/` and meta.json."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import ClassVar, Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from harness.errors import StoreError
from harness.hashing import hash_folder
from harness.store.files import is_read_only
from harness.store.lock import ExclusiveLock
from harness.worker.cache import CorruptEntryError, Setting
from harness.worker.folders import is_altered, remove, sealed, share, sweep_drafts

SCHEMA: Final = 4


@dataclass(frozen=True, slots=True)
class FitCost:
    """What a training took; all None for a model that was not made in this setting. See `StageTiming`."""

    seconds: float | None = None
    cpu_s: float | None = None
    busy_s: float | None = None
    peak_bytes: int | None = None
    device_peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A kept model: its folder, the hash of its content, where it was made, what making it took and reported."""

    folder: Path
    hash: str
    made: Setting
    cost: FitCost
    facts: Mapping[str, int | float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class _Description:
    """What meta.json says of a model."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    schema: Literal[4]
    hash: str
    made: Setting
    cost: FitCost
    facts: dict[str, int | float]
    checksum: str


class ModelStore:
    """Models appear whole (renamed into place) or not at all; who holds the lock of a key may write it."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "models"

    def lock(self, key: str) -> ExclusiveLock:
        """Return the lock of a key, not taken yet."""
        return ExclusiveLock(self._folder_of(key).with_suffix(".lock"))

    def find(self, key: str) -> Model | None:
        """Return the model of a key, None if there is none; raises `CorruptEntryError` for a spoilt one."""
        folder = self._folder_of(key)
        try:
            text = (folder / "meta.json").read_bytes()
            said = _description().validate_json(text)
            content = hash_folder(folder / "model")
        except (FileNotFoundError, NotADirectoryError) as error:
            if os.path.lexists(folder):
                raise CorruptEntryError("files of it are gone") from error
            return None
        except ValidationError as error:
            problem = error.errors()[0]
            name = ".".join(str(part) for part in problem["loc"])
            raise CorruptEntryError(f"meta.json: key '{name}': {problem['msg']}") from error
        except OSError as error:
            raise StoreError(f"{self.folder}: a model cannot be read ({error.strerror})") from error
        if is_altered(text):
            raise CorruptEntryError("meta.json: its bytes have changed")
        if content != said.hash:
            raise CorruptEntryError("its files have changed")
        return Model(folder / "model", said.hash, said.made, said.cost, said.facts)

    def draft(self, key: str) -> Path:
        """Return an empty folder in which `fit` may write; that of a killed worker is removed first."""
        partial = self._folder_of(key).with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            (partial / "model").mkdir(parents=True)
        except OSError as error:
            raise self._refused(error) from error
        return partial / "model"

    def keep(self, key: str, draft: Path, made: Setting, cost: FitCost, facts: Mapping[str, int | float]) -> Model:
        """Move a draft into place; raises `StoreError` when the disk refuses, leaving nothing behind."""
        final = self._folder_of(key)
        try:
            content = hash_folder(draft)
            said = {
                "schema": SCHEMA,
                "hash": content,
                "made": asdict(made),
                "cost": asdict(cost),
                "facts": dict(facts),
            }
            share(draft)
            (draft.parent / "meta.json").write_text(sealed(said), encoding="utf-8")
            draft.parent.rename(final)
        except OSError as error:
            self.discard(draft)
            raise self._refused(error) from error
        return Model(final / "model", content, made, cost, facts)

    def discard(self, draft: Path) -> None:
        """Remove a draft."""
        shutil.rmtree(draft.parent, ignore_errors=True)

    def drop(self, key: str) -> None:
        """Remove a model that cannot be used."""
        remove(self._folder_of(key))

    def sweep(self, *, now_s: float | None = None) -> None:
        """Remove drafts that killed workers left more than a day ago; a training that takes days holds its lock."""
        for draft in self.folder.glob("??/*.partial"):
            lock = ExclusiveLock(draft.with_suffix(".lock"))
            with contextlib.suppress(StoreError):  # another user's, or a disk that refuses
                if lock.acquire():
                    sweep_drafts([draft], now_s=now_s)
                    lock.release()

    def _folder_of(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _refused(self, error: OSError) -> StoreError:
        advice = "; HARNESS_CACHE names another place" if is_read_only(error) else ""
        return StoreError(f"{self.folder}: a model cannot be kept ({error.strerror or error}){advice}")


@cache
def _description() -> TypeAdapter[_Description]:
    return TypeAdapter(_Description)
