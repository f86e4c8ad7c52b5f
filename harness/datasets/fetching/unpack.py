"""Members of archives unpacked into the cache, selected files only; what was altered since is unpacked again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.archives import Budget, Member, is_plain_relative, open_archive, select, write_member
from harness.datasets.fetching.folder import content_hash
from harness.datasets.fetching.places import cache_folder
from harness.errors import DataError, StoreError, nearest
from harness.hashing import hash_value
from harness.store.files import partial_name
from harness.store.lock import ExclusiveLock


def extract_one(path: Path, patterns: Sequence[str], folder: Path) -> Path:
    """Return the one file that the first matching pattern names, extracted below `folder` unless it is there unaltered.

    Raises `DataError` if no pattern matches, or the first that does matches several files.
    """
    for pattern in patterns:
        if is_plain_relative(pattern) and _is_unaltered(folder, pattern):
            return folder / pattern
    with open_archive(path) as members:
        for pattern in patterns:
            chosen = select(members, pattern)
            if len(chosen) > 1:
                raise DataError(
                    f"{path}: '{pattern}' matches {len(chosen)} members, such as '{chosen[0]}', '{chosen[1]}'"
                )
            if chosen:
                return _extract_member(path, members[chosen[0]], folder, Budget(path))
        raise DataError(f"{path}: no member '{' or '.join(patterns)}'{nearest(patterns[0], members)}")


def extract_several(path: Path, patterns: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Return the files that any of the patterns names, extracted below `folder` unless they are there unaltered.

    Raises `DataError` if a pattern matches no member.
    """
    found: dict[Path, None] = {}
    with open_archive(path) as members:
        budget = Budget(path)
        for pattern in patterns:
            chosen = select(members, pattern)
            if not any(name in members for name in chosen):
                raise DataError(f"{path}: no member '{pattern}'{nearest(pattern, members)}")
            found.update((_extract_member(path, members[name], folder, budget), None) for name in chosen)
    return tuple(found)


def _extract_member(path: Path, member: Member, folder: Path, budget: Budget) -> Path:
    target = folder / member.name
    if not _is_unaltered(folder, member.name):
        write_member(path, member, target, budget)
        _keep_hash(folder, member.name, content_hash(target))
    return target


def extract_all(path: Path, folder: Path) -> Path:
    """Return `folder`, holding all of an archive as it was unpacked; it appears only when it is complete.

    Where it lies unaltered nothing is written: a cache that others share may be read-only.
    """
    if _is_whole(folder):
        return folder
    lock = ExclusiveLock(cache_folder() / ".transfers" / f"{hash_value(str(folder.resolve()))[:32]}.lock")
    try:
        with lock:
            if not _is_whole(folder):
                folder.parent.mkdir(parents=True, exist_ok=True)
                _extract_all(path, folder)
    except (OSError, StoreError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DataError(f"{path}: cannot be unpacked into {folder}: {reason or error}") from error
    return folder


def _is_whole(folder: Path) -> bool:
    """Return whether a folder holds all of its archive with the bytes that the archive had."""
    names = _kept_hashes(folder)
    return folder.is_dir() and bool(names) and all(_is_unaltered(folder, name) for name in names)


def _extract_all(path: Path, folder: Path) -> None:
    partial = partial_name(folder)
    try:
        partial.mkdir()
        with open_archive(path) as members:
            budget = Budget(path)
            for member in members.values():
                write_member(path, member, partial / member.name, budget)
        for name in members:
            _keep_hash(folder, name, content_hash(partial / name))
        if folder.is_dir():
            shutil.rmtree(folder)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _hash_file(folder: Path, name: str) -> Path:
    """Return where the hash of an unpacked member is kept: beside the folder, which may be handed over as it is."""
    return folder.with_name(f"{folder.name}.sha256") / f"{name}.sha256"


def _keep_hash(folder: Path, name: str, value: str) -> None:
    place = _hash_file(folder, name)
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_name(place)
    partial.write_text(value, encoding="ascii")
    partial.replace(place)


def _kept_hashes(folder: Path) -> list[str]:
    place = folder.with_name(f"{folder.name}.sha256")
    found = (path.relative_to(place).as_posix() for path in place.rglob("*.sha256") if path.is_file())
    return [name.removesuffix(".sha256") for name in found]


def _is_unaltered(folder: Path, name: str) -> bool:
    """Return whether a member lies unpacked with the bytes that the archive had."""
    place = _hash_file(folder, name)
    if not (folder / name).is_file() or not place.is_file():
        return False
    return place.read_text(encoding="ascii", errors="replace") == content_hash(folder / name)
