from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import zarr

from harness.datasets.catalogue import load_catalogue
from harness.datasets.declared.channels import with_channels
from harness.errors import ConfigError, DataError

DATASET = """schema = 1
[datasets.mine]
kind = "folder"
title = "own embeddings"
licence = "own"
citation = "own"
path = "{path}"
axes = "YX"
images.e = {source}
labels.gold = {{ glob = "gold/{{id}}.npy" }}
"""
ARRAY = np.random.default_rng(0).normal(size=(3, 5, 6)).astype(np.float32)


def catalogue(folder: Path, source: str) -> Any:
    path = folder / "datasets.toml"
    path.write_text(DATASET.format(path=folder.as_posix(), source=source), encoding="utf-8")
    (folder / "gold").mkdir(exist_ok=True)
    np.save(folder / "gold" / "a.npy", np.ones((5, 6), np.uint8))
    return load_catalogue(path)


def test_an_image_of_many_channels_becomes_many_images() -> None:
    made = with_channels({"axes": "ZYX", "images": {"e": {"file": "a.npy", "channels": 10}, "raw": {"file": "b.npy"}}})
    assert list(made["images"]) == [*(f"e-{number:02}" for number in range(1, 11)), "raw"]
    assert made["images"]["e-02"] == {"file": "a.npy", "channels": 10, "axes": "CZYX", "select": {"C": 1}}
    assert made["images"]["raw"] == {"file": "b.npy"}


def test_what_a_sample_says_is_said_of_each_channel() -> None:
    own = {"images": {"e": {"file": "b.npy"}}}
    made = with_channels(
        {"axes": "YX", "images": {"e": {"file": "a.npy", "channels": 2}}, "samples": {"b": own, "c": {}}}
    )
    assert made["samples"] == {"b": {"images": {"e-1": {"file": "b.npy"}, "e-2": {"file": "b.npy"}}}, "c": {}}


@pytest.mark.parametrize("data", [None, {}, {"images": 3}, {"images": {"e": 3}}, {"images": {"e": {"channels": "2"}}}])
def test_what_has_no_channels_is_left_alone(data: Any) -> None:
    assert with_channels(data) is data


@pytest.mark.parametrize(
    "source",
    [
        '{ glob = "{id}.npy", channels = 3, axes = "YXZ" }',
        '{ glob = "{id}.npy", channels = 3, select = { C = 1 } }',
        '{ glob = "{id}.npy", channels = 0, axes = "CYX" }',
    ],
)
def test_a_declaration_that_cannot_be_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(ConfigError, match=r"images\.e: .*accepted: one channel or more, axes with C"):
        catalogue(tmp_path, source).dataset("mine")


def test_npy_hdf5_and_zarr_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ARRAY)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["deep/embeddings"] = ARRAY
    stored = zarr.create_array(tmp_path / "a.zarr", shape=ARRAY.shape, chunks=(1, 5, 6), dtype=ARRAY.dtype)
    stored[...] = ARRAY
    for source in ('"{id}.npy"', '"{id}.h5", key = "deep/embeddings"', '"{id}.zarr"'):
        dataset = catalogue(tmp_path, f"{{ glob = {source}, channels = 3 }}").dataset("mine")
        assert dataset.channels == ("e-1", "e-2", "e-3")
        sample = dataset.load("a")
        assert (sample.image.axes, sample.image.array.dtype) == ("CYX", np.float32)
        np.testing.assert_array_equal(sample.image.array, ARRAY)
        np.testing.assert_array_equal(dataset.load("a", channels=["e-3"]).image.array, ARRAY[2])


def test_channels_last_may_be_declared(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.moveaxis(ARRAY, 0, -1))
    dataset = catalogue(tmp_path, '{ glob = "{id}.npy", channels = 3, axes = "YXC" }').dataset("mine")
    np.testing.assert_array_equal(dataset.load("a").image.array, ARRAY)


@pytest.mark.parametrize("declared", [2, 4])
def test_no_channel_is_left_out_unseen(tmp_path: Path, declared: int) -> None:
    np.save(tmp_path / "a.npy", ARRAY)
    dataset = catalogue(tmp_path, f'{{ glob = "{{id}}.npy", channels = {declared} }}').dataset("mine")
    with pytest.raises(DataError, match=f"3 channels, declared {declared}"):
        dataset.load("a")
