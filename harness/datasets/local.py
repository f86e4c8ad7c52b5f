"""Datasets in a folder of this machine: images and labels paired by the stem of their file names."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from harness.datasets.declaration import ArraySource, FolderDataset
from harness.errors import DataError
from harness.hashing import hash_path


def discover(folder: Path, declaration: FolderDataset) -> tuple[str, ...]:
    """Return the sample ids of a folder whose sources are globs: the stems that every image and label has.

    Raises `DataError` if the folder is absent or empty, or a stem has no partner in one of the globs.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; set HARNESS_DATA to the folder that holds '{declaration.path}'")
    sources: dict[str, ArraySource] = dict(declaration.images)
    sources.update({name: source for name, source in declaration.labels.items() if isinstance(source, ArraySource)})
    found = {name: set(by_stem(folder, source.glob)) for name, source in sources.items() if source.glob}
    every = set[str]().union(*found.values())
    if not every:
        globs = ", ".join(source.glob for source in sources.values() if source.glob)
        raise DataError(f"{folder}: no file matches {globs or 'any glob (none is declared)'}")
    for name, stems in found.items():
        if stems != every:
            stem = min(every - stems)
            raise DataError(f"{folder}: sample '{stem}' has no '{name}' file matching '{sources[name].glob}'")
    return tuple(sorted(every))


def by_stem(folder: Path, glob: str) -> Mapping[str, Path]:
    """Return the files (or Zarr folders) of a glob by stem; raises `DataError` if two have the same stem."""
    files: dict[str, Path] = {}
    for path in sorted(folder.glob(glob)):
        stem = path.name.removesuffix("".join(path.suffixes[-2:])) if path.name.endswith(".ome.tif") else path.stem
        if stem in files:
            raise DataError(f"{folder}: '{files[stem].name}' and '{path.name}' both match '{glob}' with one stem")
        files[stem] = path
    return files


def folder_file(folder: Path, source: ArraySource, sample: str, name: str) -> Path:
    """Return the path of one array of a sample; `name` is the source's file name with its fields filled in."""
    if source.glob:
        files = by_stem(folder, source.glob)
        if sample not in files:
            raise DataError(f"{folder}: no file for sample '{sample}' matches '{source.glob}'")
        return files[sample]
    matches = sorted(folder.glob(name)) if any(sign in name for sign in "*?[") else [folder / name]
    matches = [path for path in matches if path.exists() and fnmatch.fnmatch(path.relative_to(folder).as_posix(), name)]
    if len(matches) != 1:
        found = "no such file" if not matches else f"{len(matches)} files match, one is needed"
        raise DataError(f"{folder / name}: {found}")
    return matches[0]


def content_hash(path: Path) -> str:
    """Return the hash of a file's bytes (a folder's files), computed once per path, size and time of change."""
    if path.is_dir():
        return hash_path(path)
    status = path.stat()
    return _file_hash(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _file_hash(path: str, size: int, changed: int) -> str:
    return hash_path(Path(path))
