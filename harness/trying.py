"""From a folder of images and a folder of labels to a data declaration and a suite, as text to keep and edit."""

from __future__ import annotations

import glob
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.clock import spoken
from harness.datasets.formats.arrays import read_grid
from harness.datasets.formats.hdf5_trial import one_trial
from harness.datasets.formats.labels import components, looks_like_a_mask, only_label, parts, read_labels
from harness.datasets.formats.open import open_stored, require_survivable
from harness.errors import DataError
from harness.pairing import name_of
from harness.short_trainings import SHORT_TRAININGS, Schedule

METRICS = ("map.canonical", "ap50.canonical", "ap75.canonical", "ap90.canonical", "pq", "arand.cremi")
LOOKED_AT = 20
"""Label images that are looked at to tell masks from labels."""
VALIDATED = 0.2
"""Of the training samples: what thresholds are searched on."""
METHODS = ("otsu-components", "distance-watershed", "log-watershed", "stardist-2d", "cellpose")
"""What is tried where nothing is named: the last two on planes alone, and where there is something to train on."""


@dataclass(frozen=True, slots=True)
class Found:
    """Images and labels that belong together.

    folder                the deepest folder that holds both
    image_glob, label_glob  patterns below it, `{id}` for the name of a sample
    samples               the names, sorted
    axes                  "YX" or "ZYX"
    is_colour             whether the images have colours, which are read as grey
    left_out              files without a partner
    smallest              the smallest size of an image along each axis
    are_masks             whether the labels are masks of a foreground, of which each connected part is an object
    diameter              of the circle that is as large as most objects are in a plane, in pixels; 0 without any
    """

    folder: Path
    image_glob: str
    label_glob: str
    samples: tuple[str, ...]
    axes: str
    is_colour: bool
    left_out: tuple[str, ...]
    smallest: tuple[int, ...]
    are_masks: bool = False
    diameter: float = 0.0


def find_pairs(images: Path, labels: Path) -> Found:
    """Return the images and labels of two folders that have one name; label names may have a tail in common.

    Raises `DataError` if a folder cannot be read, both are one, or no image has a label image, and `LabelError` for
    labels that are none, as a colour image.
    """
    if images.resolve() == labels.resolve():
        raise DataError(f"{images}: images and labels lie in one folder; accepted: two folders with equal names")
    image_files, label_files = _files(images), _files(labels)
    tail = _tail(image_files, label_files)
    wanted = {name for name in image_files if name + tail in label_files}
    if not wanted:
        raise DataError(
            f"{images} and {labels}: no image has a label image of its name; found {_some(image_files)} and "
            f"{_some(label_files)}; accepted: equal names, or labels with one tail in common, as a_masks.png of a.png"
        )
    endings = _ending(image_files[name] for name in wanted), _ending(label_files[name + tail] for name in wanted)
    samples = tuple(
        name
        for name in sorted(wanted)
        if image_files[name].name == name + endings[0] and label_files[name + tail].name == name + tail + endings[1]
    )
    used = {*(name + endings[0] for name in samples), *(name + tail + endings[1] for name in samples)}
    left_out = sorted(p.name for files in (image_files, label_files) for p in files.values() if p.name not in used)
    folder = Path(os.path.commonpath([images.resolve(), labels.resolve()]))
    first = image_files[samples[0]]
    labelled_files = [label_files[name + tail] for name in samples]
    with one_trial():
        for path in (*(image_files[name] for name in samples), *labelled_files):
            require_survivable(path)
        labelled = [np.asarray(read_labels(path)) for path in labelled_files[:LOOKED_AT]]
    with open_stored(first) as stored:
        is_colour = stored.axes.endswith("C") and stored.shape[-1] > 1
    grids = [read_grid(image_files[name]) for name in samples]
    _require_one_kind(images, samples, [grid.axes for grid in grids])
    smallest = tuple(min(sizes) for sizes in zip(*(grid.shape for grid in grids), strict=True))
    globs = [
        (path.resolve().relative_to(folder) / f"{{id}}{end}").as_posix()
        for path, end in ((images, endings[0]), (labels, tail + endings[1]))
    ]
    are_masks = _are_masks(labelled)
    return Found(
        folder,
        globs[0],
        globs[1],
        samples,
        grids[0].axes,
        is_colour,
        tuple(left_out),
        smallest,
        are_masks,
        _diameter(labelled, are_masks=are_masks),
    )


def dataset_text(found: Found, folds: int) -> str:
    """Return a `datasets.toml` that declares the images as the dataset "mine", in folds of samples."""
    is_listed = all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name) for name in found.samples)
    source = "file" if is_listed else "glob"
    image = [f"{source} = {_quoted(found.image_glob)}", *(['colour = "grey"'] if found.is_colour else [])]
    label = [f"{source} = {_quoted(found.label_glob)}", *(["components = true"] if found.are_masks else [])]
    count = min(folds, len(found.samples))
    tests = [found.samples[number::count] for number in range(count)] if count > 1 else [found.samples]
    lines = [
        "# Written by `harness try`: keep it, edit it, and run the suite beside it with `harness run try`.",
        "schema = 1",
        "",
        "[datasets.mine]",
        'kind = "folder"',
        'title = "Own images"',
        'licence = "own data"',
        'citation = "own data"',
        f"path = {_quoted(str(found.folder))}",
        f'axes = "{found.axes}"',
        f"images.image = {{ {', '.join(image)} }}",
        f"labels.truth = {{ {', '.join(label)} }}",
    ]
    lines += [f"samples.{_quoted(name)} = {{}}" for name in found.samples if is_listed]
    for number, test in enumerate(tests, start=1):
        train = [name for name in found.samples if name not in test]
        held_out = train[:: round(1 / VALIDATED)][: len(train) // 2]
        lines += ["", "[[datasets.mine.splits.default]]", f'id = "fold-{number}"', f"test = {_names(test)}"]
        lines += [f"train = {_names(name for name in train if name not in held_out)}"] if train else []
        lines += [f"validation = {_names(held_out)}"] if held_out else []
    return "\n".join(lines) + "\n"


def suite_text(methods: Sequence[str], found: Found, schedule: Schedule) -> str:
    """Return a suite with a row per method, with the parameters of its schedule.

    Rows that train come last. Raises `DataError` for images that are too small to train a method on.
    """
    lines = [
        "# Written by `harness try`: keep it, edit it, and run it again with `harness run try`.",
        "schema = 1",
        'id = "try"',
        "version = 1",
        'title = "Methods on own images"',
        f"metrics = {_names(METRICS)}",
        'primary = "map.canonical"',
        'default_tier = "mini"',
        'spread_over = "samples"',
        "",
        "[limits]",
        f"deadline_s = {max(60.0, schedule.total_s)}",
        "",
        "[tiers.mini]",
        'data = [{ dataset = "mine", split = "default" }]',
        'truth = "truth"',
    ]
    for method in schedule.trained:
        lines += ["", f"# {schedule.each} trainings of at most {spoken(schedule.seconds)}, one after the other"]
        lines += [f"[tiers.mini.stages.{method}]"]
        lines += [
            f"{name} = {json.dumps(value)}"
            for name, value in schedule.parameters(method, found.smallest, found.diameter).items()
        ]
    lines += ["", "[[figures]]", 'id = "thresholds"', 'x = "threshold"', 'y = "ap.canonical"']
    for method in sorted(methods, key=lambda method: method in SHORT_TRAININGS):
        lines += ["", "[[rows]]", f'id = "{method}"', f'stages = [{{ id = "{method}" }}]']
    return "\n".join(lines) + "\n"


def default_methods(found: Found, usable: Iterable[str]) -> tuple[str, ...]:
    """Return the methods to try where nobody names any: those that suit the images and can be used here."""
    can_train = len(found.samples) > 1 and found.axes == "YX"
    known = set(usable)
    return tuple(method for method in METHODS if method in known and (can_train or method not in SHORT_TRAININGS))


def _are_masks(labels: Iterable[np.ndarray]) -> bool:
    """Return whether no label image tells objects apart, and one of them has the values or several parts of a mask."""
    found = False
    for array in labels:
        value = only_label(array)
        if array.any() and not value:
            return False
        found = found or looks_like_a_mask(array) or (value > 0 and parts(array) > 1)
    return found


def _diameter(labels: Iterable[np.ndarray], *, are_masks: bool) -> float:
    """Return the median diameter of objects, of volumes in their middle plane."""
    planes = (array if array.ndim == 2 else array[len(array) // 2] for array in labels)
    numbered = (components(plane) if are_masks else plane for plane in planes)
    areas = [np.unique(plane[plane > 0], return_counts=True)[1] for plane in numbered]
    found = np.concatenate(areas) if areas else np.zeros(0)
    return float(2 * np.sqrt(np.median(found) / np.pi)) if found.size else 0.0


def _require_one_kind(images: Path, samples: Sequence[str], axes: Sequence[str]) -> None:
    """Raise `DataError` for planes among volumes."""
    kinds = {one: name for name, one in zip(samples, axes, strict=True)}
    if len(kinds) > 1:
        found = ", ".join(f"{one} ({name})" for one, name in kinds.items())
        raise DataError(f"{images}: images of several kinds; found axes {found}; accepted: planes or volumes alone")


def _files(folder: Path) -> dict[str, Path]:
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    return {name: path for path in files if (name := name_of(path))}


def _tail(images: Iterable[str], labels: Iterable[str]) -> str:
    """Return what label names have after the names of their images: "" where some are equal."""
    names = set(images)
    if names & set(labels):
        return ""
    tails = Counter(label[len(name) :] for label in labels for name in names if label.startswith(name))
    return max(tails, key=lambda tail: (tails[tail], -len(tail))) if tails else ""


def _ending(files: Iterable[Path]) -> str:
    """Return the most frequent ending of file names."""
    endings = Counter(path.name[len(name_of(path) or "") :] for path in files)
    return endings.most_common(1)[0][0]


def _some(files: dict[str, Path]) -> str:
    return f"{len(files)} ({', '.join(sorted(files)[:3])})" if files else "none"


def _names(names: Iterable[str]) -> str:
    return f"[{', '.join(_quoted(glob.escape(name)) for name in names)}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
