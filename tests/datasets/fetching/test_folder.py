from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from harness.datasets import load_catalogue
from harness.datasets.catalogue import Catalogue
from harness.datasets.content import content_of
from harness.datasets.declared.declaration import ArraySource
from harness.datasets.fetching.folder import by_sample, content_hash, folder_file
from harness.errors import DataError
from harness.hashing import hash_file

Write = Callable[[str], Catalogue]

DATASET = """
[datasets.mine]
kind = "folder"
title = "mine"
licence = "own"
citation = "me"
path = "mine"
axes = "YX"
images.nuclei = { glob = "images/*.tif" }
labels.gold = { glob = "labels/*.tif" }
splits.halves = [{ test = ["a*"], train = ["b*"] }]
samples.part = { from = "a1", crop = [[0, 2], [1, 3]] }
"""


def _fill(folder: Path, images: list[str], labels: list[str]) -> None:
    for kind, names in (("images", images), ("labels", labels)):
        (folder / kind).mkdir(parents=True)
        for index, name in enumerate(names):
            tifffile.imwrite(folder / kind / name, np.full((3, 4), index + 1, dtype=np.uint16))


def test_images_and_labels_are_paired_by_stem(catalogue: Write, tmp_path: Path) -> None:
    _fill(tmp_path / "project" / "mine", ["a1.tif", "b1.tif", "a2.tif"], ["a2.tif", "a1.tif", "b1.tif"])
    dataset = catalogue(DATASET).dataset("mine")
    assert dataset.sample_ids() == ("a1", "a2", "b1", "part")
    assert dataset.availability().ok
    fold = dataset.splits["halves"][0]
    assert (fold.test, fold.train) == (("a1", "a2"), ("b1",))
    assert dataset.splits["all"][0].test == ("a1", "a2", "b1")
    assert dataset.load("a2").labels["gold"].array[0, 0] == 1
    assert dataset.load("part").image.array.shape == (2, 2)


def test_an_absent_folder(catalogue: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = catalogue(DATASET).dataset("mine")
    availability = dataset.availability()
    assert not availability.ok
    assert "HARNESS_DATA" in availability.how
    assert dataset.sample_ids() == ("part",)
    _fill(tmp_path / "data" / "mine", ["a1.tif", "b1.tif"], ["a1.tif", "b1.tif"])
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "data"))
    assert catalogue(DATASET).dataset("mine").availability().ok


def test_a_missing_partner_is_named(catalogue: Write, tmp_path: Path) -> None:
    _fill(tmp_path / "project" / "mine", ["a1.tif", "b1.tif"], ["a1.tif"])
    with pytest.raises(DataError, match=r"sample 'b1' has no 'gold' file matching 'labels/\*.tif'"):
        catalogue(DATASET).dataset("mine").sample_ids()


def test_an_empty_folder_is_an_error(catalogue: Write, tmp_path: Path) -> None:
    (tmp_path / "project" / "mine").mkdir(parents=True)
    with pytest.raises(DataError, match="no file matches"):
        catalogue(DATASET).dataset("mine").sample_ids()


def test_ids_out_of_file_names(tmp_path: Path) -> None:
    for name in ("plant001_rgb.png", "plant002_rgb.png", "plant001_label.png"):
        (tmp_path / name).touch()
    assert sorted(by_sample(tmp_path, "plant{id}_rgb.png")) == ["001", "002"]
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "x.ome.tif").touch()
    assert sorted(by_sample(tmp_path, "**/*.tif")) == ["x"]
    assert sorted(by_sample(tmp_path, "**/{id}.ome.tif")) == ["x"]


def test_file_names_that_are_no_utf8_give_ids_that_are(tmp_path: Path) -> None:
    for name in (b"Zelle_\xfc.tif", b"new\nline.tif", b"turn\xe2\x80\xaeed.tif", "ü.tif".encode()):
        (tmp_path / os.fsdecode(name)).touch()
    files = by_sample(tmp_path, "*.tif")
    assert sorted(files) == ["Zelle_\\xfc", "new\nline", "turn\\u202eed", "ü"]
    assert all(path.is_file() for path in files.values())


def test_two_files_of_one_id(tmp_path: Path) -> None:
    for name in ("a.tif", "a.tiff"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"'a.tif' and 'a.tiff' both match"):
        by_sample(tmp_path, "*.tif*")


def test_content_hash_follows_changes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    first = content_hash(path)
    path.write_bytes(b"22")
    assert content_hash(path) != first
    assert content_hash(tmp_path) != content_hash(path)


def test_the_hash_of_a_sample_follows_its_files(catalogue: Write, tmp_path: Path) -> None:
    _fill(tmp_path / "project" / "mine", ["a1.tif", "b1.tif"], ["a1.tif", "b1.tif"])
    dataset = catalogue(DATASET).dataset("mine")
    before = dataset.sample_hash("a1"), dataset.sample_hash("b1")
    tifffile.imwrite(tmp_path / "project" / "mine" / "labels" / "a1.tif", np.zeros((3, 4), dtype=np.uint32))
    assert dataset.sample_hash("a1") != before[0]
    assert dataset.sample_hash("b1") == before[1]


def test_samples_of_declared_hashes_are_the_same_where_the_folder_is_absent(
    catalogue: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(tmp_path / "data" / "mine", ["a1.tif"], ["a1.tif"])
    text = DATASET.replace("/*.tif", "/{id}.tif").replace(', train = ["b*"]', "")
    text = text.replace("glob =", "file =").replace("samples.part", "samples.a1 = { shape = [3, 4] }\nsamples.part")
    names = [f"{kind}/a1.tif" for kind in ("images", "labels")]
    stated = [f'{{ name = "{name}", sha256 = "{hash_file(tmp_path / "data" / "mine" / name)}" }}' for name in names]
    told = text.replace("samples.a1", f"files = [{', '.join(stated)}]\nsamples.a1")

    def hashes(written: str) -> list[str]:
        dataset = catalogue(written).dataset("mine")
        return [content_of(dataset, name) for name in dataset.sample_ids()]

    absent = hashes(told)
    assert hashes(text) == ["unavailable: mine/a1", "unavailable: mine/part"]
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "data"))
    assert hashes(told) == hashes(text) == absent


def test_the_images_of_the_data_science_bowl_are_the_declared_ones(
    local_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records of suites that read them are current on machines without the images."""
    monkeypatch.setenv("HARNESS_DATA", str(local_data))
    found = load_catalogue()
    for name, files in (("dsb2018-30", 60), ("dsb2018-fluorescence", 48), ("dsb2018-histology", 64)):
        dataset = found.dataset(name)
        assert len(dataset.vouchers()) == files
        if not dataset.availability().ok:
            pytest.skip(f"the folder of {name} is absent")
        dataset.fetch()


def test_thirty_images_of_nuclei(local_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(local_data))
    dataset = load_catalogue().dataset("dsb2018-30")
    if not dataset.availability().ok:
        pytest.skip("the folder dsb2018-30 is absent")
    assert len([one for one in dataset.declaration.samples.values() if one.source is None]) == 30
    assert [len(dataset.splits[name][0].test) for name in ("fluorescence", "colour", "bright-field")] == [24, 4, 2]
    for name, declared in dataset.declaration.samples.items():
        sample = dataset.load(name)
        assert sample.image.axes == "YX"
        assert sample.image.array.shape == (declared.shape or tuple(stop - start for start, stop in declared.crop))
        assert len(np.unique(sample.labels["gold"].array)) - 1 == declared.objects["gold"]


def test_hidden_files_are_no_samples(tmp_path: Path) -> None:
    for name in ("a.tif", "._a.tif", ".hidden.tif", "sub/b.tif", ".git/c.tif", "sub/._b.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert set(by_sample(tmp_path, "*.tif")) == {"a"}
    assert set(by_sample(tmp_path, "**/*.tif")) == {"a", "b"}
    assert set(by_sample(tmp_path, ".hid*.tif")) == {".hidden"}
    assert folder_file(tmp_path, ArraySource(file="*a.tif"), "a", "*a.tif") == tmp_path / "a.tif"


def test_a_pipe_has_no_content(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npy")
    with pytest.raises(DataError, match="is a pipe, socket or device"):
        content_hash(tmp_path / "a.npy")
