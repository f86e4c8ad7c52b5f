"""Datasets in a folder of this machine: images and labels paired by their file names."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from harness.datasets.declared.declaration import ArraySource, FolderDataset
from harness.datasets.declared.templates import as_tuple, fill
from harness.errors import DataError
from harness.escaping import visible
from harness.hashing import hash_path


def discover(folder: Path, declaration: FolderDataset) -> tuple[str, ...]:
    """Return the sample ids of a folder whose sources are globs: those that every image and label has.

    Raises `DataError` if the folder is empty, or an id has no partner in one of the globs.
    """
    sources: dict[str, ArraySource] = dict(declaration.images)
    sources.update({name: source for name, source in declaration.labels.items() if isinstance(source, ArraySource)})
    found = {name: _samples_of(folder, source, declaration) for name, source in sources.items() if source.glob}
    every = set[str]().union(*found.values())
    if not every:
        globs = ", ".join(source.glob for source in sources.values() if source.glob)
        raise DataError(f"{folder}: no file matches {globs or 'any glob (none is declared)'}")
    for name, samples in found.items():
        if samples != every:
            sample = min(every - samples)
            raise DataError(f"{folder}: sample '{sample}' has no '{name}' file matching '{sources[name].glob}'")
    return tuple(sorted(every))


def _samples_of(folder: Path, source: ArraySource, declaration: FolderDataset) -> set[str]:
    """Return the ids that a source's glob finds; a file that is a part of another sample's array is no sample."""
    files = by_sample(folder, source.glob)
    further: set[Path] = set()
    for sample in files if source.parts else ():
        declared = declaration.samples.get(sample)
        values = {"id": sample, **(declared.fields if declared else {})}
        for part in as_tuple(source.parts):
            further.update(folder / name for name in folder_files(folder, fill(part, values)))
    return {sample for sample, path in files.items() if path not in further}


def folder_files(folder: Path, pattern: str) -> list[str]:
    """Return the files of a folder that a name or pattern means, as paths below it, sorted; hidden ones are none."""
    is_pattern = any(sign in pattern for sign in "*?[")
    paths = folder.glob(pattern) if is_pattern else (folder / pattern,)
    found = (path.relative_to(folder).as_posix() for path in paths if path.is_file())
    return sorted(name for name in found if not _is_hidden(name, pattern))


def by_sample(folder: Path, glob: str) -> Mapping[str, Path]:
    """Return the files (or Zarr folders) of a glob by sample id; raises `DataError` if two have the same id.

    The id is what `{id}` stands for in the glob, or the file's stem where it has none ("a" of "a.ome.tif"). Bytes that
    are no UTF-8, and characters that nobody sees, are written out in it ("\\xfc"). Hidden files are no samples.
    """
    files: dict[str, Path] = {}
    for path in sorted(folder.glob(glob.replace("{id}", "*"))):
        if _is_hidden(path.relative_to(folder).as_posix(), glob):
            continue
        name = _captured(path.relative_to(folder).as_posix(), glob) if "{id}" in glob else _stem(path)
        sample = visible(os.fsencode(name).decode("utf-8", "backslashreplace"))
        if sample in files:
            raise DataError(f"{folder}: '{files[sample].name}' and '{path.name}' both match '{glob}' as '{sample}'")
        files[sample] = path
    return files


def _is_hidden(path: str, glob: str) -> bool:
    """Return whether a part of a path begins with a dot and none of the pattern does.

    macOS leaves a hidden "._name" beside each file of a foreign disk, and hidden files are none that a pattern means.
    """
    asked = any(part.startswith(".") for part in glob.split("/"))
    return not asked and any(part.startswith(".") for part in path.split("/"))


def _captured(path: str, glob: str) -> str:
    """Return what `{id}` stands for in a path that matches the glob; the shortest reading where several are."""
    readings = {"{id}": "([^/]+?)", "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\{id\}|\*\*/|\*|\?)", glob)
    match = re.fullmatch("".join(readings.get(piece, re.escape(piece)) for piece in pieces), path)
    if match is None:
        raise DataError(f"'{path}' matches '{glob}' in no way that leaves an id")
    return match.group(1)


def _stem(path: Path) -> str:
    name = path.name
    for suffix in (".ome.tif", ".ome.tiff", ".ome.zarr"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return path.stem


def folder_file(folder: Path, source: ArraySource, sample: str, name: str) -> Path:
    """Return the path of one array of a sample; `name` is the source's file name with its fields filled in."""
    if source.glob:
        files = by_sample(folder, source.glob)
        if sample not in files:
            raise DataError(f"{folder}: no file for sample '{sample}' matches '{source.glob}'")
        return files[sample]
    matches = sorted(folder.glob(name)) if any(sign in name for sign in "*?[") else [folder / name]
    found = ((path, path.relative_to(folder).as_posix()) for path in matches if path.exists())
    matches = [path for path, text in found if fnmatch.fnmatch(text, name) and not _is_hidden(text, name)]
    if len(matches) != 1:
        problem = "no such file" if not matches else f"{len(matches)} files match, one is needed"
        raise DataError(f"{folder / name}: {problem}")
    return matches[0]


def content_hash(path: Path) -> str:
    """Return the hash of a file's bytes (a folder's files), computed once per path, size and time of change.

    Raises `DataError` for what is neither: a pipe would never end.
    """
    if path.is_dir():
        return hash_path(path)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path}: is a pipe, socket or device; accepted: a regular file or a folder")
    return _file_hash(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _file_hash(path: str, size: int, changed: int) -> str:
    return hash_path(Path(path))
