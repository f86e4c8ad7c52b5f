from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.datasets.catalogue import Catalogue
from harness.datasets.overlap import contamination, region_of, shared_content
from harness.datasets.views import UNBOUNDED, View, resized
from harness.errors import ConfigError, DataError
from harness.model import Fold, Volume

Write = Callable[[str], Catalogue]

HEAD = """
[datasets.v]
kind = "folder"
title = "v"
licence = "CC0"
citation = "x"
path = "."
axes = "ZYX"
spacing_um = [1.0, 0.5, 0.5]
images.raw = { file = "raw.npy" }
labels.gold = { file = "gold.npy" }
"""


@pytest.fixture
def volume(tmp_path: Path) -> np.ndarray:
    """A volume of 6x8x10 voxels with one object in planes 2 and 3, and two in plane 4."""
    (tmp_path / "project").mkdir()
    gold = np.zeros((6, 8, 10), dtype=np.uint16)
    gold[2:5, 1:3, 1:3] = 7
    gold[4, 5:7, 5:7] = 9
    raw = np.random.default_rng(0).integers(0, 999, gold.shape).astype(np.uint16)
    np.save(tmp_path / "project" / "raw.npy", raw)
    np.save(tmp_path / "project" / "gold.npy", gold)
    return raw


@pytest.mark.parametrize("shape", ["", "shape = [6, 8, 10]"])
@pytest.mark.parametrize("key", ["dataset", "sample"])
def test_planes_of_a_volume_are_samples(catalogue: Write, volume: np.ndarray, shape: str, key: str) -> None:
    planes = "planes = { Z = { start = 0, stop = 6, step = 2 } }"
    common, own = (planes, "") if key == "dataset" else ("", planes)
    said = ", ".join(filter(None, (shape, own)))
    dataset = catalogue(f"{HEAD}{common}\nsamples.1135 = {{ {said} }}\n").dataset("v")
    assert dataset.sample_ids() == ("1135-z000", "1135-z002", "1135-z004")
    assert dataset.splits["all"][0].test == dataset.sample_ids()
    assert dataset.ndim == 2
    sample = dataset.load("1135-z004")
    assert (sample.image.axes, sample.image.spacing_um) == ("YX", (0.5, 0.5))
    assert np.array_equal(sample.image.array, volume[4])
    assert set(np.unique(sample.labels["gold"].array)) == {0, 7, 9}
    assert len({dataset.sample_hash(name) for name in (*dataset.sample_ids(), "1135")}) == 4


def test_planes_of_a_crop_and_of_other_axes(catalogue: Write, volume: np.ndarray) -> None:
    text = (
        f"{HEAD}samples.a = {{}}\n"
        "samples.part = { from = 'a', crop = [[1, 5], [0, 8], [2, 9]], planes = { X = { step = 3 } } }\n"
    )
    dataset = catalogue(text).dataset("v")
    assert dataset.sample_ids() == ("a", "part-x000", "part-x003", "part-x006")
    image = dataset.load("part-x003").image
    assert (image.axes, image.spacing_um) == ("YX", (1.0, 0.5))
    assert np.array_equal(image.array, volume[1:5, 0:8, 5])
    assert dataset.splits["all"][0].test == ("a",)
    assert region_of(dataset, "part-x003").bounds == ((1, 5), (0, 8), (5, 6))


def test_planes_are_crops_for_the_overlap_guard(catalogue: Write, volume: np.ndarray) -> None:
    lower = "samples.lower = { from = 'a', crop = [[0, 3], [0, 8], [0, 10]] }"
    text = f"{HEAD}planes = {{ Z = {{ stop = 6 }} }}\nsamples.a = {{}}\n{lower}\n"
    found = catalogue(
        f"{text}[weights.w]\ntitle = 'w'\nlicence = 'x'\npath = 'w'\n"
        "trained_on = [{ dataset = 'v', samples = ['a'] }]\n"
    )
    dataset = found.dataset("v")
    assert region_of(dataset, "a-z002").bounds == ((2, 3), UNBOUNDED, UNBOUNDED)
    assert shared_content(found, (dataset, "a-z002"), (dataset, "a-z003")) == ""
    assert shared_content(found, (dataset, "a-z002"), (dataset, "lower-z002")) != ""
    assert shared_content(found, (dataset, "a-z003"), (dataset, "lower-z002")) == ""
    assert contamination(found, "w", dataset, Fold("", ("a-z001",))).outcome == "overlapping"


def test_planes_without_objects_are_left_out(catalogue: Write, volume: np.ndarray) -> None:
    def ids(at_least: int) -> tuple[str, ...]:
        planes = f"planes = {{ Z = {{ stop = 6 }}, at_least = {at_least} }}"
        return catalogue(f"{HEAD}{planes}\nsamples.a = {{}}\n").dataset("v").sample_ids()

    assert ids(1) == ("a-z002", "a-z003", "a-z004")
    assert ids(2) == ("a-z004",)


def test_samples_are_resized(catalogue: Write, volume: np.ndarray) -> None:
    plain = catalogue(f"{HEAD}samples.a = {{}}\n").dataset("v").sample_hash("a")
    text = f"{HEAD}resize = [4, 16]\nplanes = {{ Z = {{ stop = 6, step = 4 }} }}\nsamples.a = {{}}\n"
    dataset = catalogue(text).dataset("v")
    sample = dataset.load("a-z004")
    assert sample.image.array.shape == sample.labels["gold"].array.shape == (4, 16)
    assert sample.image.spacing_um == (1.0, 0.3125)
    assert sample.image.array.dtype == np.uint16
    assert set(np.unique(sample.labels["gold"].array)) == {0, 7, 9}
    assert sample.hash not in (plain, catalogue(text.replace("[4, 16]", "[4, 15]")).dataset("v").sample_hash("a-z004"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("planes = { Z = { step = 2 } }\nsamples.a = {}", "needs `stop`: sample 'a' declares no shape"),
        ("planes = { Z = {}, Y = {} }\nsamples.a = {}", "planes are taken along one axis"),
        ("samples.a = { axes = 'YX', planes = { Z = { stop = 2 } } }", "sample 'a' is 2D"),
        ("resize = [4, 4]\nsamples.a = {}", "has 2 entries; sample 'a' has 3 spatial axes"),
        ("splits.s = [{ test = ['a-z9'] }]\nplanes = { Z = { stop = 3 } }\nsamples.a = {}", "no sample 'a-z9'"),
    ],
)
def test_views_that_cannot_be(catalogue: Write, text: str, message: str) -> None:
    lines = [line for line in text.split("\n") if not line.startswith("splits")]
    splits = [line for line in text.split("\n") if line.startswith("splits")]
    with pytest.raises(ConfigError, match=message):
        catalogue("\n".join([HEAD, *lines, *splits, ""]))


def test_a_plane_outside_the_volume(catalogue: Write, volume: np.ndarray) -> None:
    dataset = catalogue(f"{HEAD}planes = {{ Z = {{ start = 6, stop = 7 }} }}\nsamples.a = {{}}\n").dataset("v")
    with pytest.raises(DataError, match="plane 6 lies outside axis Z of size 6"):
        dataset.load("a-z006")


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 5))
def test_resizing_keeps_what_is_constant_and_the_ids_of_labels(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, (5, 7)).astype(np.uint16)
    small = resized(Volume(labels, "YX"), (height, width), is_label=True).array
    assert set(np.unique(small)) <= set(np.unique(labels))
    flat = resized(Volume(np.full((2, 5, 7), 11, np.uint8), "CYX"), (height, width), is_label=False)
    assert flat.array.shape == (2, height, width)
    assert (flat.array == 11).all()
    same = resized(Volume(labels, "YX", (1.0, 2.0)), (5, 7), is_label=False)
    assert np.array_equal(same.array, labels)
    assert same.spacing_um == (1.0, 2.0)


def test_images_are_interpolated_between_voxel_centres() -> None:
    ramp = Volume(np.array([[0.0, 2.0, 4.0, 6.0]]), "YX")
    assert np.allclose(resized(ramp, (1, 8), is_label=False).array, [[0.0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.0]])
    assert np.allclose(resized(ramp, (1, 2), is_label=False).array, [[1.0, 5.0]])


def test_a_view_of_everything_is_the_crop_alone() -> None:
    assert View(crop=((0, 4), (1, 2))).identity() == [[[0, 4], [1, 2]]]
