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

from harness.datasets.formats.arrays import read_grid
from harness.datasets.formats.open import open_stored
from harness.errors import DataError
from harness.pairing import name_of

METRICS = ("map.canonical", "ap50.canonical", "ap75.canonical", "ap90.canonical", "pq", "arand.cremi")
TRAINED = ("stardist-2d", "stardist-3d")
METHODS = ("otsu-components", "distance-watershed", "log-watershed", "stardist-2d")
"""What is tried where nothing is named: the last one on planes alone, and where there is something to train on."""
SECONDS_PER_STEP = 0.5
"""What a step of training takes on a processor, roughly: it turns minutes into steps."""


@dataclass(frozen=True, slots=True)
class Found:
    """Images and labels that belong together.

    folder                the deepest folder that holds both
    image_glob, label_glob  patterns below it, `{id}` for the name of a sample
    samples               the names, sorted
    axes                  "YX" or "ZYX"
    is_colour             whether the images have colours, which are read as grey
    left_out              files without a partner
    """

    folder: Path
    image_glob: str
    label_glob: str
    samples: tuple[str, ...]
    axes: str
    is_colour: bool
    left_out: tuple[str, ...]


def find_pairs(images: Path, labels: Path) -> Found:
    """Return the images and labels of two folders that have one name; label names may have a tail in common.

    Raises `DataError` if a folder cannot be read, both are one, or no image has a label image.
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
    with open_stored(first) as stored:
        is_colour = stored.axes.endswith("C") and stored.shape[-1] > 1
    axes = read_grid(first).axes
    globs = [
        (path.resolve().relative_to(folder) / f"{{id}}{end}").as_posix()
        for path, end in ((images, endings[0]), (labels, tail + endings[1]))
    ]
    return Found(folder, globs[0], globs[1], samples, axes, is_colour, tuple(left_out))


def dataset_text(found: Found, folds: int) -> str:
    """Return a `datasets.toml` that declares the images as the dataset "mine", in folds of samples."""
    is_listed = all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*", name) for name in found.samples)
    source = "file" if is_listed else "glob"
    image = [f"{source} = {_quoted(found.image_glob)}", *(['colour = "grey"'] if found.is_colour else [])]
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
        f"labels.truth = {{ {source} = {_quoted(found.label_glob)} }}",
    ]
    lines += [f"samples.{_quoted(name)} = {{}}" for name in found.samples if is_listed]
    for number, test in enumerate(tests, start=1):
        train = [name for name in found.samples if name not in test]
        lines += ["", "[[datasets.mine.splits.default]]", f'id = "fold-{number}"', f"test = {_names(test)}"]
        lines += [f"train = {_names(train)}"] if train else []
    return "\n".join(lines) + "\n"


def suite_text(methods: Sequence[str], found: Found, folds: int, minutes: float) -> str:
    """Return a suite with a row per method, whose trainings together take about as many minutes."""
    trained = [method for method in methods if method in TRAINED]
    trainings = max(1, len(trained) * min(folds, len(found.samples)))
    steps = max(20, int(minutes * 60 / SECONDS_PER_STEP / trainings / 2))
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
        f"deadline_s = {max(60.0, minutes * 60.0)}",
        "",
        "[tiers.mini]",
        'data = [{ dataset = "mine", split = "default" }]',
        'truth = "truth"',
    ]
    for method in trained:
        patch = "[128, 128]" if method == "stardist-2d" else "[16, 64, 64]"
        lines += ["", f"[tiers.mini.stages.{method}]", f"steps = {steps}", "steps_per_epoch = 20", f"patch = {patch}"]
    lines += ["", "[[figures]]", 'id = "thresholds"', 'x = "threshold"', 'y = "ap.canonical"']
    for method in methods:
        lines += ["", "[[rows]]", f'id = "{method}"', f'stages = [{{ id = "{method}" }}]']
    return "\n".join(lines) + "\n"


def default_methods(found: Found, usable: Iterable[str]) -> tuple[str, ...]:
    """Return the methods to try where nobody names any: those that suit the images and can be used here."""
    can_train = len(found.samples) > 1 and found.axes == "YX"
    known = set(usable)
    return tuple(method for method in METHODS if method in known and (can_train or method not in TRAINED))


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
