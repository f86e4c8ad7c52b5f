from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.datasets import load_catalogue
from harness.datasets.overlap import (
    Contamination,
    Region,
    check_overlap,
    check_weights,
    contamination,
    intersects,
    origin_of,
    region_of,
    shared_content,
    trained_samples,
)
from harness.errors import ConfigError
from harness.model import Fold
from tests.helpers import FakeCatalogue, FakeDataset, FakeSample, toy_catalogue, toy_weights

CATALOGUE = toy_catalogue()
CROPS = CATALOGUE.dataset("crops")


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("left", "right", ""),
        ("left", "left", "the same sample"),
        ("left", "middle", "overlapping parts of 'whole'"),
        ("right", "middle", "overlapping parts of 'whole'"),
        ("left", "whole", "overlapping parts of 'whole'"),
        ("inner", "right", "overlapping parts of 'whole'"),
        ("inner", "middle", "overlapping parts of 'whole'"),
        ("inner", "left", ""),
    ],
)
def test_crops_of_one_source(first: str, second: str, shared: str) -> None:
    assert shared_content(CATALOGUE, (CROPS, first), (CROPS, second)) == shared
    assert shared_content(CATALOGUE, (CROPS, second), (CROPS, first)) == shared


def test_crops_of_crops_lie_in_the_source() -> None:
    assert region_of(CROPS, "inner") == Region("crops", "whole", ((50, 55), (0, 10)))
    assert region_of(CROPS, "whole") == Region("crops", "whole")


def test_copies_are_found_by_their_hash() -> None:
    copied = FakeDataset("d", {"a": FakeSample(), "b": FakeSample()}, hashes={"a": "x", "b": "x"})
    assert shared_content(FakeCatalogue([copied]), (copied, "a"), (copied, "b")) == "equal hashes"


@pytest.mark.parametrize("role", ["train", "validation"])
def test_a_fold_that_leaks_is_refused(role: str) -> None:
    fold = Fold("1", ("left",), **{role: ("right", "middle")})
    with pytest.raises(ConfigError) as caught:
        check_overlap(CATALOGUE, CROPS, fold, "x.toml:3: data.0")
    named = {"train": "training", "validation": "validation"}[role]
    assert str(caught.value) == (
        f"x.toml:3: data.0: {named} sample 'middle' of fold '1' of dataset 'crops' "
        "shares content with test sample 'left' (overlapping parts of 'whole')"
    )


def test_a_clean_fold_passes() -> None:
    check_overlap(CATALOGUE, CROPS, Fold("1", ("left",), ("right",), ("inner",)), "here")


def seen(dataset: str, *samples: str, split: str = "", fold: str = "") -> SimpleNamespace:
    return SimpleNamespace(dataset=dataset, samples=samples, split=split, fold=fold)


def minis() -> FakeCatalogue:
    """The toy catalogue, copies of its volumes in other datasets, and weights trained on them."""

    def origin(sample: str, *crop: tuple[int, int], dataset: str = "volumes") -> SimpleNamespace:
        return SimpleNamespace(dataset=dataset, sample=sample, crop=crop)

    mini = FakeDataset(
        "mini",
        {
            "N1": FakeSample(origin=origin("N1", (10, 20), (50, 60))),
            "N1-left": FakeSample("N1", ((0, 10), (0, 5))),
            "N2": FakeSample(origin=origin("N2", (10, 20), (50, 60))),
        },
    )
    other = FakeDataset(
        "other",
        {
            "far": FakeSample(origin=origin("N1", (20, 30), (50, 60))),
            "near": FakeSample(origin=origin("N1", (15, 30), (55, 70))),
            "whole": FakeSample(origin=origin("N1")),
            "part": FakeSample("whole", ((90, 99), (90, 99))),
            "crop": FakeSample(origin=origin("right", (2, 4), (5, 9), dataset="crops")),
        },
    )
    weights = {
        **{f"fold/{k}": toy_weights("f", trained_on=[seen("volumes", split="default", fold=str(k))]) for k in (1, 2)},
        "mini-left": toy_weights("m", trained_on=[seen("mini", "N1-left")]),
        "several": toy_weights("s", trained_on=[seen("flat", "a"), seen("volumes", "N1")]),
        "silent": toy_weights("u"),
    }
    return FakeCatalogue([*(CATALOGUE.dataset(name) for name in CATALOGUE.dataset_ids()), mini, other], weights)


def test_an_origin_leads_to_another_dataset() -> None:
    catalogue = minis()
    mini, other = catalogue.dataset("mini"), catalogue.dataset("other")
    assert origin_of(catalogue, region_of(mini, "N1")) == Region("volumes", "N1", ((10, 20), (50, 60)))
    assert origin_of(catalogue, region_of(mini, "N1-left")) == Region("volumes", "N1", ((10, 20), (50, 55)))
    assert origin_of(catalogue, region_of(other, "part")) == Region("volumes", "N1")
    assert origin_of(catalogue, region_of(other, "crop")) == Region("crops", "whole", ((52, 54), (5, 9)))
    assert origin_of(catalogue, Region("flat", "a")) == Region("flat", "a")


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        (("mini", "N1"), ("volumes", "N1"), "overlapping parts of 'N1' of dataset 'volumes'"),
        (("mini", "N1-left"), ("volumes", "N1"), "overlapping parts of 'N1' of dataset 'volumes'"),
        (("mini", "N1"), ("volumes", "N2"), ""),
        (("mini", "N1"), ("other", "far"), ""),
        (("mini", "N1"), ("other", "near"), "overlapping parts of 'N1' of dataset 'volumes'"),
        (("mini", "N1-left"), ("other", "near"), ""),
        (("mini", "N1"), ("other", "part"), "overlapping parts of 'N1' of dataset 'volumes'"),
        (("other", "far"), ("other", "near"), "overlapping parts of 'N1'"),
        (("other", "crop"), ("crops", "left"), ""),
        (("other", "crop"), ("crops", "middle"), "overlapping parts of 'whole' of dataset 'crops'"),
    ],
)
def test_content_is_shared_across_datasets(first: tuple[str, str], second: tuple[str, str], shared: str) -> None:
    catalogue = minis()
    one, other = ((catalogue.dataset(dataset), sample) for dataset, sample in (first, second))
    assert shared_content(catalogue, one, other) == shared
    assert shared_content(catalogue, other, one) == shared


def test_a_fold_s_weights_have_seen_its_training_and_validation_samples() -> None:
    volumes = CATALOGUE.dataset("volumes")
    assert list(trained_samples(volumes, seen("volumes", split="default", fold="1"))) == ["N2", "N3", "N5", "N4"]
    assert list(trained_samples(volumes, seen("volumes", "N4"))) == ["N4"]


@pytest.mark.parametrize(
    ("weights", "dataset", "test", "message"),
    [
        ("fold/1", "volumes", "N1", ""),
        ("fold/2", "volumes", "N1", "sample 'N1' of dataset 'volumes', which shares content with test sample 'N1' of"),
        ("fold/1", "volumes", "N4", "sample 'N4' of dataset 'volumes'"),
        ("fold/1", "mini", "N1", ""),
        ("fold/2", "mini", "N1", "(overlapping parts of 'N1' of dataset 'volumes')"),
        ("mini-left", "volumes", "N1", "sample 'N1-left' of dataset 'mini'"),
        ("mini-left", "other", "near", ""),
        ("several", "mini", "N1", "sample 'N1' of dataset 'volumes'"),
        ("silent", "volumes", "N1", ""),
    ],
)
def test_weights_that_have_seen_the_test_sample_are_refused(
    weights: str, dataset: str, test: str, message: str
) -> None:
    catalogue = minis()
    fold = Fold("7", (test,))
    if not message:
        check_weights(catalogue, weights, catalogue.dataset(dataset), fold, "here")
        return
    with pytest.raises(ConfigError) as caught:
        check_weights(catalogue, weights, catalogue.dataset(dataset), fold, "here")
    assert str(caught.value).startswith(f"here: weights '{weights}' were trained on sample ")
    assert f"'{test}' of fold '7' of dataset '{dataset}'" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("weights", "collections", "outcome", "reason"),
    [
        ({"trained_on": [seen("flat", "a")]}, (), "clean", ""),
        ({"trained_on": [seen("flat", "a")]}, ("dsb2018",), "clean", ""),
        ({"collections": ["dsb2018"]}, ("other",), "clean", ""),
        ({}, (), "unknown", "may have seen dataset 'shots': what trained them is not declared"),
        ({"collections": ["dsb2018"]}, ("other", "dsb2018"), "unknown", "may have seen .*: both come from dsb2018"),
        ({"trained_on": [seen("shots", "b")], "collections": ["dsb2018"]}, ("dsb2018",), "unknown", "both come from"),
        ({"trained_on": [seen("shots", "a")], "collections": ["dsb2018"]}, ("dsb2018",), "overlapping", "sample 'a'"),
    ],
)
def test_what_weights_have_seen_is_known_or_not(
    weights: dict[str, Any], collections: tuple[str, ...], outcome: str, reason: str
) -> None:
    shots = FakeDataset("shots", {"a": FakeSample(), "b": FakeSample()}, said={"collections": collections})
    catalogue = FakeCatalogue([shots, CATALOGUE.dataset("flat")], {"w": toy_weights("w", **weights)})
    found = contamination(catalogue, "w", shots, Fold("", ("a",)))
    assert found.outcome == outcome
    assert re.search(reason, found.reason)


def test_weights_of_the_data_science_bowl_may_have_seen_its_images() -> None:
    catalogue = load_catalogue(Path(__file__).resolve().parents[2] / "datasets.toml")
    dataset = catalogue.dataset("dsb2018-30")
    fold = Fold("", dataset.sample_ids()[:1])
    for weights in ("unet2d-nuclei-broad", "stardist-2d-paper-dsb2018"):
        found = contamination(catalogue, weights, dataset, fold)
        assert found == Contamination(
            "unknown", f"weights '{weights}' may have seen dataset 'dsb2018-30': both come from dsb2018"
        )


def test_the_published_models_of_the_thesis() -> None:
    """Each fold's model may be tested on its fold alone, wherever the volume comes from; no platinum model anywhere."""
    catalogue = load_catalogue(Path(__file__).resolve().parents[2] / "datasets.toml")
    families = sorted({name.rpartition("/")[0] for name in catalogue.weight_ids() if name.startswith("gonuclear-")})
    folds = catalogue.dataset("gonuclear").splits["five-folds"]
    for name in ("gonuclear", "gonuclear-tiff", "gonuclear-mini"):
        dataset = catalogue.dataset(name)
        for fold in folds:
            if fold.test[0] not in dataset.sample_ids():
                continue
            tested = Fold(fold.id, fold.test)
            for family in filter(None, families):
                for model in folds:
                    if model.id == fold.id:
                        check_weights(catalogue, f"{family}/{model.id}", dataset, tested, "here")
                        continue
                    with pytest.raises(ConfigError, match="were trained on"):
                        check_weights(catalogue, f"{family}/{model.id}", dataset, tested, "here")
            for platinum in ("gonuclear-plantseg-platinum", "gonuclear-stardist-platinum"):
                with pytest.raises(ConfigError, match="were trained on"):
                    check_weights(catalogue, platinum, dataset, tested, "here")


BOUNDS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4)), min_size=2, max_size=2).map(
    lambda parts: tuple((start, start + length) for start, length in parts)
)


@given(BOUNDS, BOUNDS)
def test_intersection_equals_having_a_common_voxel(
    one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...]
) -> None:
    def voxels(bounds: tuple[tuple[int, int], ...]) -> set[tuple[int, int]]:
        return {(y, x) for y in range(*bounds[0]) for x in range(*bounds[1])}

    assert intersects(Region("d", "s", one), Region("d", "s", other)) == bool(voxels(one) & voxels(other))


def described(folder: Path, training: str) -> Path:
    folder.mkdir()
    (folder / "bioimageio.yaml").write_text(f"type: model\ntraining_data: {{id: {training}}}\n")
    return folder


def zoo(folder: Path, training: str) -> FakeCatalogue:
    """The toy catalogue, whose volumes the zoo knows by another name, and weights with a description."""
    volumes = CATALOGUE.dataset("volumes")
    known = FakeDataset("volumes", volumes.samples, volumes.splits, said={"known_as": ("zoo/ovules",)})
    others = [CATALOGUE.dataset(name) for name in CATALOGUE.dataset_ids() if name != "volumes"]
    weights = {"described": toy_weights("d", description=described(folder, training)), "silent": toy_weights("s")}
    return FakeCatalogue([known, *others], weights)


@pytest.mark.parametrize("given", ["described", "path"])
def test_training_data_of_a_description_are_seen(tmp_path: Path, given: str) -> None:
    catalogue = zoo(tmp_path / "model", "zoo/ovules/1")
    weights = "described" if given == "described" else str(tmp_path / "model")
    tested = catalogue.dataset("volumes")
    found = contamination(catalogue, weights, tested, Fold("1", ("N2",)))  # type: ignore[arg-type]
    assert found.outcome == "overlapping"
    assert "trained on 'zoo/ovules' by their description, which is dataset 'volumes'" in found.reason
    with pytest.raises(ConfigError, match=r"x\.toml:3: .*shares content with test sample 'N2' of dataset 'volumes'"):
        check_weights(catalogue, weights, tested, Fold("1", ("N2",)), "x.toml:3")  # type: ignore[arg-type]
    other = catalogue.dataset("flat")
    assert contamination(catalogue, weights, other, Fold("1", ("a",))).outcome == "unknown"  # type: ignore[arg-type]


def test_training_data_that_no_catalogue_knows_leave_it_unknown(tmp_path: Path) -> None:
    catalogue = zoo(tmp_path / "model", "zoo/other")
    found = contamination(catalogue, str(tmp_path / "model"), catalogue.dataset("flat"), Fold("1", ("a",)))  # type: ignore[arg-type]
    assert found == Contamination(
        "unknown",
        f"weights '{tmp_path / 'model'}' may have seen dataset 'flat': no data set of the catalogue is 'zoo/other'",
    )


def test_a_description_that_cannot_be_read_leaves_it_unknown(tmp_path: Path) -> None:
    catalogue = zoo(tmp_path / "model", "zoo/ovules")
    (tmp_path / "model" / "bioimageio.yaml").write_text("[1")
    found = contamination(catalogue, "described", catalogue.dataset("flat"), Fold("1", ("a",)))  # type: ignore[arg-type]
    assert found.outcome == "unknown"
    assert "the description cannot be read" in found.reason


def test_a_name_that_is_no_path_leaves_it_unknown() -> None:
    catalogue = toy_catalogue()
    found = contamination(catalogue, "x" * 5000, catalogue.dataset("flat"), Fold("1", ("a",)))  # type: ignore[arg-type]
    assert (found.outcome, found.reason[-18:]) == ("unknown", "File name too long")
