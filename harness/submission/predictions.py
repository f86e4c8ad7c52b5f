"""The folder of an author: a label image a sample, matched by name, each checked as the host will check it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.datasets.readers import format_of, one_trial, read_labels
from harness.errors import DataError, HarnessError, LabelError
from harness.hashing import hash_array
from harness.model import Volume
from harness.submission.asked import Asked
from harness.submission.images import folders_of

MOST_LABEL = 2**32 - 1
LEAST_OBJECTS = 3
"""From this many objects on, equal ids of prediction and truth are no chance."""


def match_files(asked: Sequence[Asked], folder: Path) -> dict[str, Path]:
    """Return the file of every sample by its name; raises `DataError` with one line per file missing or too many."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; accepted: a folder of label images, one a sample")
    places = {name: folder / inside for name, inside in folders_of(asked).items()}
    folders = set(places.values())
    by_stem: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in (path for inside in folders for path in _label_files(inside)):
        by_stem[path.parent, _stem(path)].append(path)
    found: dict[str, Path] = {}
    problems: list[str] = []
    expected: set[Path] = set()
    for one in asked:
        inside = places[str(one)]
        files = by_stem.get((inside, one.sample), [])
        expected.update(files)
        if len(files) == 1:
            found[str(one)] = files[0]
        elif not files:
            problems.append(f"{inside}: no label image of sample '{one.sample}'; accepted: {one.sample}.tif, .npy, …")
        else:
            names = ", ".join(f"'{path.name}'" for path in files)
            problems.append(f"{inside}: sample '{one.sample}' has {len(files)} files: {names}; leave one")
    for inside in sorted(folders | {folder}):
        extra = [path for path in _entries(inside) if path not in expected and path not in folders]
        problems += [f"{path}: belongs to no sample of the suite" for path in extra]
    if problems:
        raise DataError("\n".join(problems))
    return found


def submitted_labels(one: Asked, path: Path) -> Volume:
    """Return the labels of a file on the grid of the sample's image, in the smallest type that holds them.

    Raises `DataError` or `LabelError` for a file that is damaged, holds no labels, or lies on another grid.
    """
    array = np.asarray(read_labels(path))
    check_array(array, one, str(path))
    highest = int(array.max()) if array.size else 0
    dtype = next(one for one in (np.uint8, np.uint16, np.uint32) if highest <= np.iinfo(one).max)
    return Volume(array.astype(dtype), one.image.grid.axes, one.image.spacing_um)


def check_array(array: np.ndarray, one: Asked, where: str) -> None:
    """Raise `LabelError` unless an array holds labels on the grid of a sample's image."""
    if array.dtype.kind not in "uib":
        raise LabelError(f"{where}: labels must be integers; found {array.dtype}")
    shape = one.image.grid.shape
    if array.shape != shape:
        turned = "; its axes look exchanged" if sorted(array.shape) == sorted(shape) else ""
        raise LabelError(f"{where}: has shape {array.shape}, the image of sample '{one}' {shape}{turned}")
    if array.size and array.dtype.kind == "i" and int(array.min()) < 0:
        raise LabelError(f"{where}: labels must not be negative; the lowest is {int(array.min())}")
    if array.size and int(array.max()) > MOST_LABEL:
        raise LabelError(f"{where}: label {int(array.max())} is too large; accepted: at most {MOST_LABEL}")


class Together:
    """Labels of several samples, checked one after the other: of those that were, only a hash is kept."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def check(self, one: Asked, array: np.ndarray) -> None:
        """Raise `LabelError` for labels that are the truth itself, or those of a sample before."""
        ids = np.unique(array)
        if np.count_nonzero(ids) >= LEAST_OBJECTS and np.array_equal(array, one.truth.array):
            raise LabelError(f"labels of '{one}' are the truth, voxel for voxel and id for id")
        content = hash_array(array.astype(np.uint32))
        if array.any() and content in self._seen:
            raise LabelError(f"labels of '{one}' are those of '{self._seen[content]}'")
        self._seen[content] = str(one)


def collected(asked: Sequence[Asked], folder: Path) -> dict[str, Volume]:
    """Return the labels of every sample; raises `DataError` with one line per file that will not do."""
    files = match_files(asked, folder)
    labels: dict[str, Volume] = {}
    problems = []
    with one_trial():
        for one in asked:
            try:
                labels[str(one)] = submitted_labels(one, files[str(one)])
            except HarnessError as error:
                problems.append(str(error))
    if problems:
        raise DataError("\n".join(problems))
    together = Together()
    for one in asked:
        together.check(one, labels[str(one)].array)
    return labels


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _label_files(folder: Path) -> Iterator[Path]:
    """Yield what has a format that is read."""
    for path in _entries(folder):
        try:
            format_of(path)
        except DataError:
            continue
        yield path


def _stem(path: Path) -> str:
    """Return the name without what says the format."""
    name = path.name
    for suffix in (".ome.tiff", ".ome.tif", ".ome.zarr", path.suffix):
        if suffix and name.lower().endswith(suffix.lower()):
            return name[: -len(suffix)]
    return name
