"""Getting one file into the cache: from the cache itself, a mirror, or its public addresses, checksum always."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from harness.datasets.fetching.folder import content_hash
from harness.datasets.fetching.http import without_secrets
from harness.datasets.fetching.places import cache_folder, is_offline, mirror
from harness.datasets.fetching.transfer import download, is_web_page
from harness.errors import ChecksumError, FetchError, StoreError
from harness.hashing import hash_value
from harness.store.lock import ExclusiveLock

Owner = Literal["datasets", "weights"]
XXHASH = "pip install xxhash"
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to have: whose it is, its name, and as far as known where it lies, its checksum and its size.

    `checksum` is "algorithm:hex" or "" where nobody states one.
    """

    owner: Owner
    id: str
    name: str
    urls: tuple[str, ...] = ()
    checksum: str = ""
    size: int | None = None

    @property
    def target(self) -> Path:
        """The path in the cache."""
        return cache_folder() / self.owner / self.id / self.name


def is_cached(wanted: Wanted) -> bool:
    """Return whether the cache holds the file; its checksum is verified when it is fetched."""
    return wanted.target.is_file()


def in_mirror_folder(wanted: Wanted) -> bool:
    """Return whether `HARNESS_MIRROR` is a folder that holds the file."""
    place = mirror()
    return isinstance(place, Path) and (place / wanted.id / wanted.name).is_file()


def fetch_file(wanted: Wanted, *, progress: bool = False, locate: Callable[[], Wanted] | None = None) -> Path:
    """Return the path of a file in the cache, fetching it if it is not there; safe under several processes.

    Tried in order: the cache, `HARNESS_MIRROR`, the urls; `locate` supplies urls and checksum where they are not
    known beforehand, and is called only when neither cache nor mirror has the file. With `HARNESS_OFFLINE` the urls
    are not tried. A file appears in the cache only when it is complete and its checksum is right; one that is there
    is used without a lock, as a cache that others share may be read-only.
    Raises `ChecksumError` naming both hashes if every source that answered sent other bytes, else `FetchError`
    naming every source with its reason.
    """
    if wanted.checksum.startswith("xxh") and find_spec("xxhash") is None:
        raise FetchError(
            f"{wanted.owner} '{wanted.id}': its checksum is xxh128, which needs the package xxhash; {XXHASH}"
        )
    target = wanted.target
    if target.is_file() and not _mismatch(target, wanted):
        return target
    with _locked(wanted) as partial:
        if target.is_file() and not _mismatch(target, wanted):
            return target
        failures: list[str] = []
        wrong: list[str] = []
        if target.is_file():
            wrong.append(f"{target}: {_mismatch(target, wanted)}")
        for source, arrive in _sources(wanted, partial, progress=progress, locate=locate, failures=failures):
            try:
                known = arrive()
                _accept(partial, known, source)
            except ChecksumError as error:
                wrong.append(str(error))
            except FetchError as error:
                failures.append(str(error))
            else:
                partial.replace(target)
                return target
        raise _failure(wanted, wrong, failures)


def verify(path: Path, checksum: str, where: str) -> None:
    """Raise `ChecksumError` naming both hashes if a file does not have a checksum ("algorithm:hex")."""
    found = file_checksum(path, checksum.partition(":")[0])
    if found != checksum:
        raise ChecksumError(f"{where}: checksum is {found}, declared {checksum}")


def file_checksum(path: Path, algorithm: str) -> str:
    """Return "algorithm:hex" of a file for sha256, md5 or xxh128."""
    if algorithm == "sha256":
        return f"sha256:{content_hash(path)}"
    import pooch  # type: ignore[import-untyped]

    return f"{algorithm}:{pooch.file_hash(str(path), alg=algorithm)}"


def _sources(
    wanted: Wanted, partial: Path, *, progress: bool, locate: Callable[[], Wanted] | None, failures: list[str]
) -> Iterator[tuple[str, Callable[[], Wanted]]]:
    """Yield every source as its name and the call that fills `partial` and returns what is known of the file."""

    def over_http(url: str, known: Wanted) -> Callable[[], Wanted]:
        def arrive() -> Wanted:
            download(url, partial, resume=bool(known.checksum), progress=progress, size=known.size)
            return known

        return arrive

    place = mirror()
    if isinstance(place, Path):
        original = place / wanted.id / wanted.name
        if original.is_file():
            yield str(original), lambda: _copy(original, partial, wanted)
        else:
            failures.append(f"{original}: no such file in the mirror")
    elif place is not None:
        address = f"{place}/{quote(wanted.id)}/{quote(wanted.name)}"
        yield without_secrets(address), over_http(address, wanted)
    if is_offline():
        failures.append("HARNESS_OFFLINE is set: no address was tried")
        return
    known = locate() if locate is not None else wanted
    for url in known.urls:
        yield without_secrets(url), over_http(url, known)


def _copy(original: Path, partial: Path, wanted: Wanted) -> Wanted:
    try:
        shutil.copyfile(original, partial)
    except OSError as error:
        raise FetchError(f"{original}: cannot be copied: {error.strerror or error}") from error
    return wanted


def _accept(partial: Path, known: Wanted, source: str) -> None:
    """Raise `ChecksumError` and delete the file if it is not what is known of it."""
    try:
        if known.checksum:
            verify(partial, known.checksum, source)
            return
        if known.size is not None and partial.stat().st_size != known.size:
            raise ChecksumError(f"{source}: size is {partial.stat().st_size} bytes, declared {known.size}")
        with partial.open("rb") as content:
            if is_web_page(content.read(_HEAD_BYTES)):
                raise ChecksumError(f"{source}: is a web page instead of the file")
    except ChecksumError:
        partial.unlink()
        raise


def _mismatch(path: Path, wanted: Wanted) -> str:
    """Return what is wrong with a cached file, "" if nothing."""
    if not wanted.checksum:
        return ""
    found = file_checksum(path, wanted.checksum.partition(":")[0])
    return "" if found == wanted.checksum else f"checksum is {found}, declared {wanted.checksum}"


def _failure(wanted: Wanted, wrong: list[str], failures: list[str]) -> FetchError | ChecksumError:
    reasons = "; ".join([*wrong, *failures]) or "no address is known"
    message = f"{wanted.owner} '{wanted.id}': file '{wanted.name}' could not be fetched: {reasons}"
    return ChecksumError(message) if wrong else FetchError(message)


@contextmanager
def _locked(wanted: Wanted) -> Iterator[Path]:
    """Hold the file's lock across processes, and yield the path its bytes arrive at."""
    name = hash_value([wanted.owner, wanted.id, wanted.name])[:32]
    folder = cache_folder() / ".transfers"
    lock = ExclusiveLock(folder / f"{name}.lock")
    try:
        wanted.target.parent.mkdir(parents=True, exist_ok=True)
        lock.wait()
    except (OSError, StoreError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise FetchError(
            f"{cache_folder()}: cannot be written: {reason or error}; HARNESS_CACHE sets the cache folder"
        ) from error
    try:
        yield folder / f"{name}.part"
    finally:
        lock.release()
