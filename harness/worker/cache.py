"""The content-addressed cache of stage outputs: `<cache>/stages/<k[:2]>/<key>/` holds .npy files and meta.json."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.hashing import hash_array, hash_value
from harness.model import Volume
from harness.store.records import StageTiming

SCHEMA = 2
STALE_S = 24 * 3600.0


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


@dataclass(frozen=True, slots=True, eq=False)
class CacheEntry:
    """A stored stage output: hash of each slot's array, the timing when it was made, and where that was."""

    folder: Path
    hashes: Mapping[str, str]
    volumes: Mapping[str, Mapping[str, Any]]
    timing: StageTiming
    setting: Setting

    @property
    def output_hash(self) -> str:
        """The one hash of all slots."""
        return output_hash(self.hashes)

    def read(self, slot: str) -> Volume:
        """Return one slot; raises `CorruptEntryError` if the file is not the one that was written."""
        import numpy as np

        path = self.folder / f"{slot}.npy"
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise CorruptEntryError(f"{path.name}: {error}") from error
        if hash_array(array) != self.hashes[slot]:
            raise CorruptEntryError(f"{path.name}: its bytes have changed")
        about = self.volumes[slot]
        spacing = None if about["spacing_um"] is None else tuple(about["spacing_um"])
        return Volume(array, about["axes"], spacing, tuple(about["channels"]))


class StageCache:
    """Entries appear whole (renamed into place) or not at all; concurrent writers of one key write the same."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "stages"

    def entry(self, key: str) -> CacheEntry | None:
        """Return the entry of a key, None if there is none; raises `CorruptEntryError` for a spoilt meta.json."""
        folder = self._place(key)
        try:
            meta = json.loads((folder / "meta.json").read_bytes())
            if meta["schema"] != SCHEMA:
                raise CorruptEntryError(f"meta.json: schema {meta['schema']}")
            timing = StageTiming(**{**meta["timing"], "steady_s": tuple(meta["timing"]["steady_s"])})
            return CacheEntry(folder, meta["hashes"], meta["volumes"], timing, Setting(**meta["setting"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptEntryError(f"meta.json: {error}") from error
        except OSError as error:
            raise StoreError(f"{self.folder}: a stage output cannot be read ({error.strerror})") from error

    def put(self, key: str, outputs: Mapping[str, Volume], timing: StageTiming, setting: Setting) -> None:
        """Store the outputs of a stage; raises `StoreError` when the disk refuses, leaving nothing behind."""
        import numpy as np

        about = {
            slot: {"axes": volume.axes, "spacing_um": volume.spacing_um, "channels": volume.channels}
            for slot, volume in outputs.items()
        }
        hashes = {slot: hash_array(volume.array) for slot, volume in outputs.items()}
        meta = {
            "schema": SCHEMA,
            "hashes": hashes,
            "volumes": about,
            "timing": asdict(timing),
            "setting": asdict(setting),
        }
        partial = self.folder / "partial" / f"{key}-{uuid.uuid4().hex}"
        try:
            partial.mkdir(parents=True)
            for slot, volume in outputs.items():
                np.save(partial / f"{slot}.npy", volume.array, allow_pickle=False)
            (partial / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
            self._move(partial, self._place(key))
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            raise StoreError(f"{self.folder}: a stage output cannot be kept ({error.strerror or error})") from error

    def drop(self, key: str) -> None:
        """Remove an entry that cannot be read."""
        shutil.rmtree(self._place(key), ignore_errors=True)

    def sweep(self, *, now_s: float | None = None) -> None:
        """Remove what killed workers left half-written more than a day ago."""
        oldest_s = (time.time() if now_s is None else now_s) - STALE_S
        for partial in (self.folder / "partial").glob("*"):
            with contextlib.suppress(FileNotFoundError):  # its worker lives and has finished it
                if partial.stat().st_mtime < oldest_s:
                    shutil.rmtree(partial, ignore_errors=True)

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _move(self, partial: Path, final: Path) -> None:
        final.parent.mkdir(exist_ok=True)
        try:
            os.rename(partial, final)  # noqa: PTH104 - must fail on a folder that is there, on every system
        except OSError:
            if not (final / "meta.json").exists():
                raise
            shutil.rmtree(partial)  # another worker was faster with the same content


def output_hash(hashes: Mapping[str, str]) -> str:
    """Return the hash of a stage's output: of its one array, or of all slots together."""
    return next(iter(hashes.values())) if len(hashes) == 1 else hash_value(dict(hashes))


def timing_here(timing: StageTiming, made: Setting, here: Setting) -> StageTiming:
    """Return the recorded timing of a cached output, without its seconds and bytes if it was made elsewhere."""
    if made != here:
        return StageTiming(timing.id, cached=True)
    return StageTiming(**{**asdict(timing), "cached": True})
