"""What a catalogue's types cannot express: references between its parts. Every mistake names file, line and key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from pydantic import ValidationError

from harness.config import TomlData
from harness.datasets.declared.declaration import (
    ArraySource,
    DatasetDeclaration,
    DerivedLabels,
    FileDeclaration,
    FoldDeclaration,
    FolderDataset,
    GeneratedDataset,
    IgnoredRegion,
    PackageDataset,
    PlaneSample,
    RemoteDataset,
    SampleDeclaration,
    StoredDataset,
    WeightsDeclaration,
)
from harness.datasets.declared.templates import as_tuple, fill
from harness.datasets.overlap import intersects, region_in
from harness.datasets.phantoms.generators import GENERATORS, Generator
from harness.datasets.views import with_planes
from harness.errors import ConfigError, nearest

Key = tuple[str | int, ...]
Problem = tuple[Key, str]
MOST_LETTERS = 1000
MOST_NAMES = 5
"""How many names are listed where all of them would be more than `MOST_LETTERS`."""


def check_dataset(source: TomlData, name: str, declaration: DatasetDeclaration) -> None:
    """Raise `ConfigError` with one line per wrong reference in a dataset."""
    _raise(source, ("datasets", name), _dataset_problems(declaration))


def check_weights(source: TomlData, name: str, declaration: WeightsDeclaration) -> None:
    """Raise `ConfigError` with one line per wrong reference in a weights entry."""
    _raise(source, ("weights", name), _weights_problems(declaration))


def is_discovered(declaration: DatasetDeclaration) -> bool:
    """Return whether the samples are found in a folder, so that nothing is known of them before it is there."""
    return isinstance(declaration, FolderDataset) and any(source.glob for source in declaration.images.values())


def expand_split(
    folds: Sequence[FoldDeclaration], samples: Sequence[str], declared: Mapping[str, SampleDeclaration]
) -> Iterator[tuple[FoldDeclaration, dict[str, tuple[str, ...]], Problem | None]]:
    """Yield each fold with its sample ids by role, and the problem with it, if any."""
    for index, fold in enumerate(folds):
        roles: dict[str, tuple[str, ...]] = {}
        problem: Problem | None = None
        for role, patterns in (("test", fold.test), ("train", fold.train), ("validation", fold.validation)):
            chosen: list[str] = []
            for pattern in patterns:
                matched = _select(pattern, samples, declared)
                if not matched:
                    problem = problem or ((index, role), f"no sample '{pattern}'{_nearest_name(pattern, samples)}")
                chosen += [sample for sample in matched if sample not in chosen]
            roles[role] = tuple(chosen)
        yield fold, roles, problem or _overlap(index, fold, roles, declared)


def _select(pattern: str, samples: Sequence[str], declared: Mapping[str, SampleDeclaration]) -> list[str]:
    if pattern.startswith("@"):
        return [sample for sample in samples if sample in declared and pattern[1:] in declared[sample].tags]
    return [sample for sample in samples if fnmatchcase(sample, pattern)]


def _overlap(
    index: int, fold: FoldDeclaration, roles: Mapping[str, tuple[str, ...]], declared: Mapping[str, SampleDeclaration]
) -> Problem | None:
    if fold.shared:
        return None
    names = tuple(roles)
    for position, first in enumerate(names):
        for second in names[position + 1 :]:
            for one in roles[first]:
                for other in roles[second]:
                    if intersects(region_in("", declared, one), region_in("", declared, other)):
                        text = f"{first} sample '{one}' and {second} sample '{other}' share voxels"
                        return (index,), f"{text}; a fold that means it says why in `shared`"
    return None


def _raise(source: TomlData, prefix: Key, problems: Iterator[Problem]) -> None:
    lines = [str(source.error((*prefix, *key), text)) for key, text in problems]
    if lines:
        raise ConfigError("\n".join(lines))


def _dataset_problems(declaration: DatasetDeclaration) -> Iterator[Problem]:
    wrong = [
        problem
        for name, sample in declaration.samples.items()
        for problem in _sample_problems(name, sample, declaration)
    ]
    yield from wrong
    if isinstance(declaration.ignore, IgnoredRegion):
        names, image = _label_names(declaration), declaration.ignore.image
        if image not in names:
            yield ("ignore", "image"), f"no label '{image}'{nearest(image, names)}"
    if isinstance(declaration, GeneratedDataset):
        yield from _generated_problems(declaration)
    else:
        yield from _stored_problems(declaration)
    if declaration.samples and not wrong and not is_discovered(declaration):
        samples = with_planes(declaration.samples, declaration.planes, lambda sample: _axes_of(declaration, sample))
        for split, folds in declaration.splits.items():
            for _, _, problem in expand_split(folds, tuple(samples), samples):
                if problem:
                    yield ("splits", split, *problem[0]), problem[1]


def _sample_problems(name: str, sample: SampleDeclaration, declaration: DatasetDeclaration) -> Iterator[Problem]:
    if bool(sample.source) != bool(sample.crop):
        yield ("samples", name), "a crop needs both `from` and `crop`"
    if sample.source is not None:
        origin = declaration.samples.get(sample.source)
        if origin is None and not is_discovered(declaration):
            yield (
                ("samples", name, "from"),
                f"no sample '{sample.source}'{_nearest_name(sample.source, declaration.samples)}",
            )
        elif origin is not None and origin.source is not None:
            yield ("samples", name, "from"), f"'{sample.source}' is itself a crop; name the sample it is cut from"
    if any(start >= stop for start, stop in sample.crop):
        yield ("samples", name, "crop"), "each interval must be [start, stop] with start < stop"
    ndim = len(_axes_of(declaration, declaration.samples.get(sample.source or "", sample)))
    planes = sample.planes or declaration.planes
    if planes is not None and not isinstance(sample, PlaneSample):
        key: Key = ("samples", name, "planes") if sample.planes else ("planes",)
        if ndim == 2:
            yield key, f"sample '{name}' is 2D; planes are taken of volumes"
        elif planes.chosen[1].stop is None and not sample.shape and not sample.crop:
            yield (*key, planes.chosen[0]), f"needs `stop`: sample '{name}' declares no shape"
    resize = sample.resize or declaration.resize
    if resize and ndim and len(resize) != ndim - bool(planes):
        key = ("samples", name, "resize") if sample.resize else ("resize",)
        yield key, f"has {len(resize)} entries; sample '{name}' has {ndim - bool(planes)} spatial axes"
    for part, value in (("crop", sample.crop), ("spacing_um", sample.spacing_um), ("shape", sample.shape)):
        if value and ndim and len(value) != ndim:
            yield ("samples", name, part), f"has {len(value)} entries; {ndim} spatial axes are declared"
    for label in sample.objects:
        names = _label_names(declaration)
        if label not in names:
            yield ("samples", name, "objects", label), f"no label '{label}'{nearest(label, names)}"


def _axes_of(declaration: DatasetDeclaration, sample: SampleDeclaration) -> str:
    """Return the spatial axes of a whole sample, "" where they are not declared."""
    if isinstance(declaration, GeneratedDataset):
        generator = GENERATORS.get(declaration.generator)
        return "ZYX"[-generator.ndim :] if generator else ""
    return sample.axes or declaration.axes or ""


def _label_names(declaration: DatasetDeclaration) -> list[str]:
    names = list(declaration.labels)
    if isinstance(declaration, GeneratedDataset):
        generator = GENERATORS.get(declaration.generator)
        names += [name for name in (generator.labels if generator else ()) if name not in names]
    return names


def _generated_problems(declaration: GeneratedDataset) -> Iterator[Problem]:
    generator = GENERATORS.get(declaration.generator)
    if generator is None:
        yield ("generator",), f"no generator '{declaration.generator}'{nearest(declaration.generator, GENERATORS)}"
        return
    if not declaration.samples:
        yield (), "a generated dataset needs `samples`"
    yielded: set[Problem] = set()
    for name, sample in declaration.samples.items():
        if sample.source is None:
            for problem in _parameter_problems(generator, declaration.parameters, name, sample):
                if problem not in yielded:
                    yielded.add(problem)
                    yield problem
    yield from _derived_problems(declaration)


def _parameter_problems(
    generator: Generator, common: Mapping[str, Any], name: str, sample: SampleDeclaration
) -> Iterator[Problem]:
    try:
        parameters = generator.parameters.model_validate({**common, **sample.parameters})
    except ValidationError as error:
        for problem in error.errors():
            where, *_ = problem["loc"]
            key: Key = ("parameters", *problem["loc"])
            key = ("samples", name, *key) if where in sample.parameters else key
            if problem["type"] == "extra_forbidden":
                yield key, f"unknown key '{where}'{nearest(str(where), generator.parameters.model_fields)}"
            else:
                yield key, f"{problem['msg']}; found {problem['input']!r}"
        return
    misfit = generator.misfit(parameters)
    if misfit:
        yield ("samples", name), misfit


def _derived_problems(declaration: DatasetDeclaration) -> Iterator[Problem]:
    derived = {name for name, label in declaration.labels.items() if isinstance(label, DerivedLabels)}
    stored = [name for name in _label_names(declaration) if name not in derived]
    for name, label in declaration.labels.items():
        if isinstance(label, DerivedLabels) and label.source not in stored:
            yield ("labels", name, "from"), f"no stored label '{label.source}'{nearest(label.source, stored)}"


def _stored_problems(declaration: RemoteDataset | FolderDataset | PackageDataset) -> Iterator[Problem]:
    yield from _derived_problems(declaration)
    if declaration.availability == "private-never-released":
        return
    if declaration.axes is None and not all(sample.axes or sample.source for sample in declaration.samples.values()):
        yield (), '`axes` is missing; accepted: "YX" or "ZYX", here or in every sample'
    if not declaration.images:
        yield (), "`images` is missing: one source per channel"
    if declaration.axes and declaration.spacing_um and len(declaration.axes) != len(declaration.spacing_um):
        yield ("spacing_um",), f"has {len(declaration.spacing_um)} entries for the axes '{declaration.axes}'"
    sources = [(("images", name), item) for name, item in declaration.images.items()]
    sources += [(("labels", name), item) for name, item in declaration.labels.items() if isinstance(item, ArraySource)]
    names = [file.name for file in declaration.files]
    for key, item in sources:
        if bool(item.file) == bool(item.glob):
            yield key, "needs either `file` or `glob`"
        if item.glob and not isinstance(declaration, FolderDataset):
            yield key, '`glob` is for kind = "folder"'
        if item.file and isinstance(declaration, RemoteDataset) and "{" not in item.file and item.file not in names:
            yield (*key, "file"), f"no file '{item.file}' is declared{_nearest_name(item.file, names)}"
        yield from (((*key, "parts"), text) for text in _part_problems(item, declaration, names))
    if isinstance(declaration, RemoteDataset):
        is_open = declaration.availability == "open-direct-download"
        yield from _file_problems(declaration.files, has_listing=declaration.listing is not None, is_open=is_open)
    if isinstance(declaration, FolderDataset):
        yield from _stated_problems(declaration)


def _stated_problems(declaration: FolderDataset) -> Iterator[Problem]:
    """Yield what is wrong with files of a folder that are declared for their hash, by which samples are known."""
    if not declaration.files:
        return
    read = {
        fill(pattern, {"id": name, **sample.fields})
        for name, sample in declaration.samples.items()
        if sample.source is None
        for source in (*declaration.stored_sources, *sample.images.values(), *sample.labels.values())
        for pattern in (source.file, *as_tuple(source.parts))
        if pattern
    }
    finds_samples = any(source.glob for source in declaration.stored_sources)
    seen: set[str] = set()
    for index, file in enumerate(declaration.files):
        if file.name in seen:
            yield ("files", index, "name"), f"'{file.name}' is declared twice"
        seen.add(file.name)
        if not file.sha256:
            yield ("files", index), f"'{file.name}' needs `sha256`: a file of a folder is declared for its hash"
        is_read = file.name in read or any(fnmatchcase(file.name, pattern) for pattern in read)
        if not finds_samples and not is_read:
            yield ("files", index, "name"), f"no sample reads '{file.name}'{_nearest_name(file.name, read)}"


def _nearest_name(found: str, names: Collection[str]) -> str:
    """Return what `nearest` says; a list of files or samples whose names are hashes ends before it fills a screen."""
    said = nearest(found, names)
    if len(said) <= MOST_LETTERS:
        return said
    shown = sorted(names)[:MOST_NAMES]
    return f"; accepted: {', '.join(shown)} and {len(names) - len(shown)} more"


def _part_problems(item: ArraySource, declaration: StoredDataset, names: Sequence[str]) -> Iterator[str]:
    """Yield what no file of a remote dataset can be; members of an archive are known when it is opened."""
    if not isinstance(declaration, RemoteDataset) or item.member:
        return
    for part in as_tuple(item.parts):
        if "{" not in part and not any(name == part or fnmatchcase(name, part) for name in names):
            yield f"no file '{part}' is declared{_nearest_name(part, names)}"


def _file_problems(files: Sequence[FileDeclaration], *, has_listing: bool, is_open: bool) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, file in enumerate(files):
        if file.name in seen:
            yield ("files", index, "name"), f"'{file.name}' is declared twice"
        seen.add(file.name)
        listed = bool(file.match) and (has_listing or file.listing is not None)
        if file.match and not listed:
            yield ("files", index, "match"), "needs a `listing` to match against"
        if is_open and not file.urls and not listed:
            yield ("files", index), f"'{file.name}' needs `urls`, or `match` with a `listing`"
        if not file.checksum and not listed and not file.first_seen:
            yield ("files", index), f"'{file.name}' needs a checksum (sha256, md5 or xxh128), or `first_seen = true`"


def _weights_problems(declaration: WeightsDeclaration) -> Iterator[Problem]:
    if declaration.availability == "private-never-released":
        return
    sources = [name for name in ("files", "path", "recipe") if getattr(declaration, name)]
    if len(sources) != 1:
        yield (), f"needs one of `files`, `path` and `recipe`; found {' and '.join(sources) or 'none'}"
    if (declaration.recipe is not None) != (declaration.availability == "generated"):
        yield ("availability",), 'is "generated" for a `recipe`, and for nothing else'
    if declaration.recipe is not None and declaration.variants:
        yield ("variants",), "is for `files` and `path`: a recipe is one entry"
    names = [file.name for file in declaration.files]
    if declaration.main and declaration.main not in names:
        yield ("main",), f"no file '{declaration.main}' is declared{_nearest_name(declaration.main, names)}"
    if declaration.unpack and len(declaration.files) != 1:
        yield ("unpack",), "is for entries of one file"
    is_open = declaration.availability == "open-direct-download"
    yield from _file_problems(declaration.files, has_listing=declaration.listing is not None, is_open=is_open)
