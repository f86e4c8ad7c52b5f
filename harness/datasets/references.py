"""References from one entry of a catalogue to another: where samples come from, and what weights were trained on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from harness.config import TomlData
from harness.datasets.dataset import Dataset
from harness.datasets.declared.checks import Key, Problem, is_discovered
from harness.datasets.declared.declaration import CatalogueFile, Origin, Recipe, TrainingData
from harness.datasets.weights import WeightsFile, variants_of
from harness.errors import ConfigError, nearest


def check_references(
    source: TomlData,
    declared: CatalogueFile,
    datasets: Mapping[str, Dataset],
    weights: Mapping[str, WeightsFile],
    broken: Collection[str] = (),
) -> None:
    """Raise `ConfigError` with one line per reference of a file to a dataset, sample or fold that does not exist.

    `datasets` and `weights` are those of every file read so far; nothing is said of references to `broken` datasets,
    whose own declaration has mistakes.
    """
    problems: list[Problem] = []
    for name, dataset in declared.datasets.items():
        for sample, declaration in dataset.samples.items():
            if declaration.origin is not None and declaration.origin.dataset not in broken:
                ndim = len(declaration.shape) or datasets[name].ndim
                key = ("datasets", name, "samples", sample, "origin")
                problems += _origin_problems(declaration.origin, ndim, datasets, key)
                if declaration.source is not None:
                    problems.append((key, "a crop has the origin of the sample it is cut from"))
    for name, entry in declared.weights.items():
        if entry.recipe is not None and entry.recipe.dataset not in broken:
            problems += _recipe_problems(entry.recipe, datasets, ("weights", name, "recipe"))
        for full_name in variants_of(name, entry):
            for number, data in enumerate(weights[full_name].declaration.trained_on):
                if data.dataset in broken:
                    continue
                problems += _training_problems(data, datasets, ("weights", name, "trained_on", number))
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(str(source.error(key, text)) for key, text in problems)))


def _origin_problems(origin: Origin, ndim: int, datasets: Mapping[str, Dataset], key: Key) -> Iterator[Problem]:
    yield from _sample_problems(origin.dataset, (origin.sample,), datasets, (*key, "sample"))
    if any(start >= stop for start, stop in origin.crop):
        yield (*key, "crop"), "each interval must be [start, stop] with start < stop"
    if origin.crop and ndim and len(origin.crop) != ndim:
        yield (*key, "crop"), f"has {len(origin.crop)} entries; the sample has {ndim} spatial axes"
    if origin.dataset in datasets:
        further = datasets[origin.dataset].samples.get(origin.sample)
        if further is not None and further.origin is not None:
            yield (*key, "sample"), f"'{origin.sample}' has an origin itself; name the sample it comes from"


def _training_problems(data: TrainingData, datasets: Mapping[str, Dataset], key: Key) -> Iterator[Problem]:
    if bool(data.samples) == bool(data.split):
        yield key, "needs either `samples`, or a `split` with its `fold`"
        return
    yield from _sample_problems(data.dataset, data.samples, datasets, (*key, "samples"))
    if data.split and data.dataset in datasets:
        splits = datasets[data.dataset].splits
        folds = [fold.id for fold in splits.get(data.split, ())]
        if data.split not in splits:
            problem = f"dataset '{data.dataset}' has no split '{data.split}'{nearest(data.split, splits)}"
            yield (*key, "split"), problem
        elif data.fold not in folds:
            problem = f"split '{data.split}' of dataset '{data.dataset}' has no fold '{data.fold}'"
            yield (*key, "fold"), f"{problem}{nearest(data.fold, folds)}"


def _recipe_problems(recipe: Recipe, datasets: Mapping[str, Dataset], key: Key) -> Iterator[Problem]:
    yield from _sample_problems(recipe.dataset, recipe.samples, datasets, (*key, "samples"))
    yield from _sample_problems(recipe.dataset, recipe.validation, datasets, (*key, "validation"))
    if recipe.dataset not in datasets:
        return
    dataset = datasets[recipe.dataset]
    for channel in recipe.channels:
        if channel not in dataset.channels:
            text = f"dataset '{recipe.dataset}' has no channel '{channel}'{nearest(channel, dataset.channels)}"
            yield (*key, "channels"), text
    if recipe.truth not in dataset.label_names:
        text = f"dataset '{recipe.dataset}' has no label image '{recipe.truth}'"
        yield (*key, "truth"), f"{text}{nearest(recipe.truth, dataset.label_names)}"


def _sample_problems(
    dataset: str, samples: tuple[str, ...], datasets: Mapping[str, Dataset], key: Key
) -> Iterator[Problem]:
    """Yield an unknown dataset, or samples that it has not; those found in a folder may be absent with it."""
    if dataset not in datasets:
        yield (*key[:-1], "dataset"), f"unknown dataset '{dataset}'{nearest(dataset, datasets)}"
        return
    if is_discovered(datasets[dataset].declaration):
        return
    known = datasets[dataset].samples
    for sample in samples:
        if sample not in known:
            yield key, f"dataset '{dataset}' has no sample '{sample}'{nearest(sample, known)}"
