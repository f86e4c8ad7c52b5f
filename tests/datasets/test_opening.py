from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.datasets import Catalogue, load_catalogue
from harness.datasets.opening import data_problems
from harness.datasets.readers import write_labels

TEXT = """
schema = 1
[datasets.mine]
kind = "folder"
title = "t"
licence = "l"
citation = "c"
path = "data"
axes = "YX"
images.raw = { file = "i/{id}.tif" }
labels.gold = { file = "g/{id}.tif" }
labels.other = { file = "o/{id}.tif" }
samples.a = {}
samples.b = {}
samples.c = {}
"""


def catalogue(folder: Path) -> Catalogue:
    (folder / "datasets.toml").write_text(TEXT, encoding="utf-8")
    return load_catalogue(folder / "datasets.toml")


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    labels = np.zeros((8, 9), np.uint16)
    labels[2:5, 2:5] = 1
    for name in "abc":
        for part in "igo":
            write_labels(tmp_path / "data" / part / f"{name}.tif", labels)
    dataset = catalogue(tmp_path).dataset("mine")
    assert list(data_problems(dataset)) == []
    (tmp_path / "data" / "i" / "b.tif").unlink()
    (tmp_path / "data" / "o" / "c.tif").unlink()
    write_labels(tmp_path / "data" / "g" / "a.tif", np.zeros_like(labels))
    write_labels(tmp_path / "data" / "o" / "a.tif", labels[:4])
    found = "\n".join(data_problems(catalogue(tmp_path).dataset("mine")))
    for part in ("i/b.tif", "o/c.tif", "label 'gold' of sample 'a' holds no object", "other"):
        assert part in found


OWN = """
samples.d = { images.raw.file = "i/other.npy" }
samples.e = { images.raw.file = "i/other.npy" }
samples.f = { axes = "YX", labels.gold.file = "g/f.h5" }
"""


def test_one_sample_of_each_way_to_be_read_is_opened(tmp_path: Path) -> None:
    labels = np.zeros((8, 9), np.uint16)
    labels[2:5, 2:5] = 1
    for part in "igo":
        for name in "abcdef":
            write_labels(tmp_path / "data" / part / f"{name}.tif", labels)
    (tmp_path / "data" / "i" / "other.npy").write_bytes(b"no array")
    (tmp_path / "data" / "g" / "f.h5").write_bytes(b"no file of HDF5")
    (tmp_path / "datasets.toml").write_text(TEXT + OWN, encoding="utf-8")
    found = list(data_problems(load_catalogue(tmp_path / "datasets.toml").dataset("mine")))
    assert [("other.npy" in line, "f.h5" in line) for line in found] == [(True, False), (False, True)]


def test_a_mask_of_several_parts_is_noted_unless_its_objects_are_declared(tmp_path: Path) -> None:
    labels = np.zeros((8, 9), np.uint16)
    labels[2:4, 2:4] = labels[5:7, 5:7] = 1
    for part in "igo":
        for name in "abc":
            write_labels(tmp_path / "data" / part / f"{name}.tif", labels)
    notes: list[str] = []
    assert list(data_problems(catalogue(tmp_path).dataset("mine"), notes.append)) == []
    said = "label 'gold' of sample 'a' holds 0 and 1 alone, which is one object in 2 parts; with `components = true`"
    assert sum(said in line for line in notes) == 1
    text = TEXT.replace("samples.a = {}", "samples.a = { objects = { gold = 1, other = 1 } }")
    (tmp_path / "datasets.toml").write_text(text, encoding="utf-8")
    notes.clear()
    assert list(data_problems(load_catalogue(tmp_path / "datasets.toml").dataset("mine"), notes.append)) == []
    assert notes == []


def test_a_dataset_without_a_sample_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "datasets.toml").write_text(TEXT.partition("samples.")[0], encoding="utf-8")
    (problem,) = data_problems(load_catalogue(tmp_path / "datasets.toml").dataset("mine"))
    assert problem == "dataset 'mine': has no sample"


def test_a_folder_that_is_not_here_is_one_line(tmp_path: Path) -> None:
    (problem,) = data_problems(catalogue(tmp_path).dataset("mine"))
    assert problem.startswith("dataset 'mine': not on this machine: ")
