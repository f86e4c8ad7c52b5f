from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from harness.datasets import load_catalogue
from harness.datasets.catalogue import Catalogue
from harness.datasets.dataset import Dataset, LabelImages
from harness.errors import DataError
from harness.model import Volume


@pytest.fixture
def dataset() -> Dataset:
    return load_catalogue(Path(__file__).parents[2] / "datasets.toml").dataset("phantom-nuclei-2d")


def test_label_images_are_read_when_asked_for() -> None:
    asked: list[str] = []

    def read(name: str) -> Volume:
        asked.append(name)
        return Volume(np.zeros((1, 1), dtype=np.uint8), "YX")

    labels = LabelImages(("gold", "cells"), read, {})
    assert list(labels) == ["gold", "cells"]
    assert len(labels) == 2
    assert asked == []
    assert labels["gold"] is labels["gold"]
    assert asked == ["gold"]
    with pytest.raises(KeyError, match="no label 'glod'; did you mean 'gold'"):
        labels["glod"]


def test_an_unknown_sample(dataset: Dataset) -> None:
    for attempt in (dataset.load, dataset.sample_hash):
        with pytest.raises(DataError, match=r"dataset 'phantom-nuclei-2d': no sample 'test-3'; did you mean 'test-2'"):
            attempt("test-3")


def test_splits(dataset: Dataset) -> None:
    assert set(dataset.splits) == {"default", "two-folds", "all"}
    [fold] = dataset.splits["default"]
    assert (fold.test, fold.train, fold.validation) == (("test-1", "test-2"), ("train-1", "train-2"), ("validation-1",))
    crops = {"small-test-1"}
    assert dataset.splits["all"][0].test == tuple(name for name in dataset.sample_ids() if name not in crops)


def test_samples_carry_their_hash(dataset: Dataset) -> None:
    sample = dataset.load("test-1")
    assert (sample.dataset, sample.id) == ("phantom-nuclei-2d", "test-1")
    assert sample.hash == dataset.sample_hash("test-1") != dataset.sample_hash("test-2")
    assert repr(dataset) == "Dataset('phantom-nuclei-2d')"


def test_crops_are_parts_of_their_sample() -> None:
    dataset = load_catalogue(Path(__file__).parents[2] / "datasets.toml").dataset("stardist-2d")
    if not dataset.availability().ok:
        pytest.skip(dataset.availability().reason)
    whole, test = dataset.load("whole"), dataset.load("test")
    assert np.array_equal(test.image.array, whole.image.array[:, 384:])
    assert np.array_equal(test.labels["gold"].array, whole.labels["gold"].array[:, 384:])
    assert test.hash != whole.hash


def test_real_data_of_the_mirror(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_MIRROR", str(mirror))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    catalogue = load_catalogue(Path(__file__).parents[2] / "datasets.toml")
    for name in ("gonuclear-mini", "plantseg-sample-ovule", "panseg-rgb-3d", "stardist-2d", "stardist-3d"):
        dataset = catalogue.dataset(name)
        if not dataset.availability().ok:
            pytest.skip(f"{name}: {dataset.availability().reason}")
        dataset.fetch()
        for sample in dataset.sample_ids():
            declared = dataset.samples[sample]
            loaded = dataset.load(sample)
            assert loaded.image.channels == dataset.channels
            assert not declared.shape or loaded.image.grid.shape == declared.shape
            for label, count in declared.objects.items():
                assert np.count_nonzero(np.unique(loaded.labels[label].array)) == count


def test_mini_volumes_of_gonuclear(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_MIRROR", str(mirror))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    dataset = load_catalogue(Path(__file__).parents[2] / "datasets.toml").dataset("gonuclear-mini")
    sample = dataset.load("1136")
    assert sample.image.spacing_um == pytest.approx((0.28371839, 0.12756972, 0.12756972))
    gold, initial = sample.labels["gold"].array, sample.labels["initial"].array
    assert 0 < np.mean(gold[gold > 0] == initial[gold > 0]) < 1
    folds = dataset.splits["two-folds"]
    assert [(fold.test, fold.train) for fold in folds] == [(("1135",), ("1136-train",)), (("1136",), ("1135-train",))]


def test_neurites_with_a_boundary_map(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_MIRROR", str(mirror))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    dataset = load_catalogue(Path(__file__).parents[2] / "datasets.toml").dataset("fibsem-gala-train")
    if not dataset.availability().ok:
        pytest.skip("the mirror has no fibsem-gala-train")
    sample = dataset.load("whole")
    assert (sample.image.axes, sample.image.array.dtype) == ("CZYX", np.float32)
    boundary = sample.image.channel("boundary_prediction")
    assert (boundary.min(), boundary.max()) == (0.0, 1.0)
    assert np.count_nonzero(np.unique(sample.labels["gold"].array)) == 87


def test_the_catalogue_is_light() -> None:
    code = (
        "import sys\nimport harness.datasets\nassert 'numpy' not in sys.modules\n"
        "harness.datasets.load_catalogue()\n"
        "heavy = {'h5py', 'zarr', 'scipy', 'tifffile', 'pooch', 'skimage', 'imageio', 'requests', 'pandas'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


COUNTED = """
[datasets.d]
kind = "folder"
title = "d"
licence = "CC0"
citation = "x"
path = "."
axes = "YX"
images.raw = {{ file = "a.npy" }}
labels.gold = {{ file = "{file}" }}
samples.a = {{ {said} }}
samples.half = {{ from = "a", crop = [[0, 4], [0, 8]] }}
"""


@pytest.mark.parametrize(
    ("ids", "said", "message"),
    [
        ((3, 9), "objects = { gold = 2 }", ""),
        ((3, 9), "", ""),
        ((3, 9), "objects = { gold = 3 }", "label 'gold' holds 2 objects, declared 3"),
        ((255, 255), "", "0 and 255 alone, the mask of a foreground.*`components = true`"),
        ((255, 255), "objects = { gold = 1 }", ""),
        ((1, 1), "", ""),
    ],
)
def test_label_images_are_held_against_what_is_declared(
    catalogue: Callable[[str], Catalogue], tmp_path: Path, ids: tuple[int, int], said: str, message: str
) -> None:
    (tmp_path / "project").mkdir()
    labels = np.zeros((8, 8), np.uint8)
    labels[1:3, 1:3], labels[5:7, 5:7] = ids
    np.save(tmp_path / "project" / "a.npy", labels)
    dataset = catalogue(COUNTED.format(file="a.npy", said=said)).dataset("d")
    assert dataset.load("half").labels["gold"].array.max() == ids[0]
    sample = dataset.load("a")
    if message:
        with pytest.raises(DataError, match=message):
            sample.labels["gold"]
    else:
        assert np.array_equal(sample.labels["gold"].array, labels)


def test_parts_in_other_files_are_refused(catalogue: Callable[[str], Catalogue], tmp_path: Path) -> None:
    """No hash of the sample would change with them."""
    (tmp_path / "project").mkdir()
    np.save(tmp_path / "project" / "a.npy", np.zeros((8, 8), np.uint8))
    with h5py.File(tmp_path / "project" / "part.h5", "w") as file:
        file["a"] = np.ones((8, 8), np.uint8)
    layout = h5py.VirtualLayout((8, 8), "u1")
    layout[...] = h5py.VirtualSource("part.h5", "a", (8, 8))
    with h5py.File(tmp_path / "project" / "gold.h5", "w") as file:
        file.create_virtual_dataset("a", layout)
    sample = catalogue(COUNTED.format(file="gold.h5", said="")).dataset("d").load("a")
    with pytest.raises(DataError, match=r"lie in other files \(part.h5\), which its hash does not cover"):
        sample.labels["gold"]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_folds_by_their_number(catalogue: Callable[[str], Catalogue], count: int) -> None:
    samples = "".join(f"samples.s{index} = {{}}\n" for index in range(7))
    text = (
        '[datasets.p]\nkind = "generated"\ntitle = "p"\nlicence = "CC0"\ncitation = "x"\ngenerator = "nuclei-2d"\n'
        f"parameters = {{ shape = [8, 8] }}\nfolds = {count}\n{samples}"
    )
    dataset = catalogue(text).dataset("p")
    folds = dataset.splits["folds"]
    assert [fold.id for fold in folds] == [str(index + 1) for index in range(count)]
    assert sorted(sample for fold in folds for sample in fold.test) == sorted(dataset.sample_ids())
    for fold in folds:
        assert bool(fold.validation) == (count > 2)
        assert sorted((*fold.test, *fold.train, *fold.validation)) == sorted(dataset.sample_ids())
        assert max(len(one.test) for one in folds) - len(fold.test) <= 1


def test_voxels_of_a_sample_are_those_of_its_grid() -> None:
    catalogue = load_catalogue(Path(__file__).parents[2] / "datasets.toml")
    mini = catalogue.dataset("gonuclear-mini")
    samples = ("1135", "1135-train", "1135-planes-z010")
    assert [mini.voxels(sample) for sample in samples] == [10**6, 720_000, 10**4]
    assert catalogue.dataset("gonuclear").voxels("1135") == 263 * 1024 * 1024


def test_voxels_of_a_resized_or_an_unbounded_sample(catalogue: Callable[[str], Catalogue]) -> None:
    text = (
        '[datasets.p]\nkind = "folder"\ntitle = "p"\nlicence = "form"\ncitation = "x"\naxes = "ZYX"\n'
        'path = "nowhere"\nimages.raw = { glob = "{id}.tif" }\nplanes = { Z = { stop = 3 } }\n'
    )
    unknown = catalogue(text + "samples.a = {}\n").dataset("p")
    assert [unknown.voxels(sample) for sample in ("a", "a-z001")] == [None, None]
    resized = catalogue(text + "resize = [6, 7]\nsamples.a = {}\n").dataset("p")
    assert resized.voxels("a-z001") == 42


def test_planes_of_one_volume_lie_in_one_fold(catalogue: Callable[[str], Catalogue]) -> None:
    text = (
        '[datasets.p]\nkind = "generated"\ntitle = "p"\nlicence = "CC0"\ncitation = "x"\ngenerator = "nuclei-3d"\n'
        "parameters = { shape = [8, 8, 8] }\nfolds = 2\nplanes = { Z = { stop = 3 } }\nsamples.a = {}\nsamples.b = {}\n"
    )
    folds = catalogue(text).dataset("p").splits["folds"]
    assert sorted({sample[0] for sample in fold.test} == {fold.test[0][0]} for fold in folds) == [True, True]
    assert [len(fold.test) for fold in folds] == [3, 3]


def test_folds_are_known_before_the_folder_is_here(catalogue: Callable[[str], Catalogue]) -> None:
    text = (
        '[datasets.p]\nkind = "folder"\ntitle = "p"\nlicence = "form"\ncitation = "x"\naxes = "YX"\nfolds = 3\n'
        'path = "nowhere"\nimages.raw = { glob = "{id}.png" }\n'
    )
    dataset = catalogue(text).dataset("p")
    assert not dataset.availability().ok
    assert [(fold.id, fold.test) for fold in dataset.splits["folds"]] == [("1", ()), ("2", ()), ("3", ())]


def test_more_folds_than_samples(catalogue: Callable[[str], Catalogue]) -> None:
    text = (
        '[datasets.p]\nkind = "generated"\ntitle = "p"\nlicence = "CC0"\ncitation = "x"\ngenerator = "nuclei-2d"\n'
        "parameters = { shape = [8, 8] }\nfolds = 3\nsamples.a = {}\nsamples.b = {}\n"
    )
    with pytest.raises(DataError, match="dataset 'p': 3 folds of 2 samples"):
        dict(catalogue(text).dataset("p").splits)
