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


def test_a_folder_that_is_not_here_is_one_line(tmp_path: Path) -> None:
    (problem,) = data_problems(catalogue(tmp_path).dataset("mine"))
    assert problem.startswith("dataset 'mine': not on this machine: ")
