"""Scoring arrays: the public entry, its errors, and what must not change a score."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness import registry
from harness.errors import BackendError, LabelError, RegistryError
from harness.metrics import METRICS, Metric, OverlapTable
from harness.metrics import Pair as ImagePair
from harness.scoring import chosen_metrics, measure
from tests.metrics.images import Pair, hostile_pairs, pairs, rectangles

LABELS = np.array([[0, 1, 1], [0, 2, 2]])
CHANGED_BY_RENAMING = ("cellpose",)


def touching(table: OverlapTable) -> float:
    return float(table.objects.counts.size)


OWN = Metric(
    id="touching",
    title="overlapping pairs",
    definition="pairs of objects that share a voxel",
    source="plain count",
    direction="none",
    unit="count",
    range=(0.0, math.inf),
    edge_cases=(("both empty", 0.0),),
    function=touching,
)


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """Entry points of the group "harness.metrics", as an installed package would declare them."""
    points: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == "harness.metrics" else [])
    registry.metrics.cache_clear()
    yield points
    registry.metrics.cache_clear()


def same(one: dict[str, float], other: dict[str, float]) -> bool:
    return one.keys() == other.keys() and all(
        value == other[name] or (math.isnan(value) and math.isnan(other[name])) for name, value in one.items()
    )


def test_every_metric_of_the_overlap_table_is_the_default() -> None:
    scores = harness.score(LABELS, LABELS)
    assert {metric.id for metric in METRICS if metric.needs == "overlap"} == set(scores)
    assert all(isinstance(value, float) for value in scores.values())
    assert scores["map.gonuclear"] == scores["pq"] == 1.0


def test_named_metrics_in_the_order_named() -> None:
    assert list(harness.score(LABELS, LABELS, ["voi.sum", "pq", "arand.elf"])) == ["voi.sum", "pq", "arand.elf"]
    assert harness.score(LABELS, LABELS, "pq") == {"pq": 1.0}


def test_prediction_comes_first() -> None:
    pred, truth = np.array([1, 1, 2, 2]), np.array([1, 1, 1, 1])
    scores = harness.score(pred, truth)
    assert (scores["count.pred"], scores["count.truth"]) == (2, 1)
    assert (scores["voi.split"], scores["voi.merge"]) == (1, 0)


def test_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(RegistryError, match=r"unknown metric 'map.gonucler'; did you mean 'map.gonuclear'"):
        harness.score(LABELS, LABELS, ["map.gonucler"])


@pytest.mark.parametrize(
    ("pred", "message"),
    [
        (LABELS.astype(np.float32), "prediction has dtype float32; accepted"),
        (-LABELS, r"prediction \(int64\) has the negative label -2; accepted"),
        (LABELS[:1], r"prediction has shape \(1, 3\), truth has shape \(2, 3\)"),
        (np.zeros((0, 3), int), r"prediction is empty: its shape is \(0, 3\)"),
        ([[1, 2], [3]], "prediction"),
        (None, "prediction has dtype object"),
    ],
)
def test_bad_images_are_label_errors(pred: object, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        harness.score(pred, LABELS)


def test_a_metric_of_another_package_is_scored(plug_in: list[EntryPoint]) -> None:
    plug_in.append(EntryPoint("touching", f"{__name__}:OWN", "harness.metrics"))
    assert harness.score(LABELS, LABELS, ["touching"]) == {"touching": 2.0}
    assert harness.score(LABELS, LABELS)["touching"] == 2.0


def test_a_broken_plug_in_is_an_error_only_where_it_is_named(plug_in: list[EntryPoint]) -> None:
    plug_in.append(EntryPoint("broken", "no_such_package_at_all:METRIC", "harness.metrics"))
    assert "broken" not in harness.score(LABELS, LABELS)
    with pytest.raises(BackendError, match=r"metric 'broken'.*no_such_package_at_all"):
        harness.score(LABELS, LABELS, ["broken"])


@pytest.mark.parametrize("name", hostile_pairs())
def test_chunked_storage_scores_the_same(tmp_path: Path, name: str) -> None:
    dask_array = pytest.importorskip("dask.array")
    import h5py
    import zarr

    truth, pred = hostile_pairs()[name]
    expected = harness.score(pred, truth)
    chunks = tuple(max(1, size // 3) for size in truth.shape)
    stored = zarr.create_array(tmp_path / "p.zarr", shape=pred.shape, chunks=chunks, dtype=pred.dtype)
    stored[...] = pred
    assert same(harness.score(stored, dask_array.from_array(truth, chunks=5)), expected)
    with h5py.File(tmp_path / "t.h5", "w") as file:
        assert same(harness.score(stored, file.create_dataset("t", data=truth, chunks=True)), expected)


@given(pairs(), st.randoms(use_true_random=False), st.sampled_from([10, 1000, 2**31, 2**63 - 1]))
def test_renaming_objects_changes_no_score(pair: Pair, random: object, greatest: int) -> None:
    """But for "cellpose" and CVPPP's script, which count by the labels themselves, "gonuclear" where an image has no
    label 0, and partners among which only labels decide.
    """
    truth, pred = (renamed(image, random, greatest) for image in pair)
    before, after = harness.score(pair[1], pair[0]), harness.score(pred, truth)
    positional = not (np.any(pair[0] == 0) and np.any(pair[1] == 0))
    by_label = ("cellpose", "cvppp-script", "aji.kumar", "aji.plus", "f1-area.panoptica")
    excepted = (*by_label, "gonuclear") if positional else by_label
    kept = [name for name in before if not name.endswith(excepted)]
    assert same({name: before[name] for name in kept}, {name: after[name] for name in kept})


def renamed(image: np.ndarray, random: object, greatest: int) -> np.ndarray:
    labels = [label for label in np.unique(image).tolist() if label]
    names = random.sample(range(1, greatest), len(labels))
    return np.select([image == label for label in labels], names, 0) if labels else image


@given(pairs())
def test_axes_and_order_of_voxels_change_no_score(pair: Pair) -> None:
    truth, pred = pair
    expected = harness.score(pred, truth)
    assert same(harness.score(pred.T, truth.T), expected)
    assert same(harness.score(pred.reshape(-1)[::-1], truth.reshape(-1)[::-1]), expected)
    assert same(harness.score(pred[..., None].astype(np.uint8), truth[..., None].astype(np.uint16)), expected)


@pytest.mark.parametrize("ovule", ["1135", "1136"])
def test_libraries_agree_on_real_nuclei(mirror: Path, ovule: str) -> None:
    """Labels of a real 100-cubed crop against themselves displaced by two voxels."""
    matching = pytest.importorskip("stardist.matching").matching
    evaluation = pytest.importorskip("elf.evaluation")
    import h5py
    from skimage.metrics import adapted_rand_error

    with h5py.File(next(mirror.glob(f"gonuclear-mini/{ovule}*.h5"))) as file:
        truth = file["label"][...].astype(np.int64)
    pred = np.roll(truth, 2, axis=1)
    scores = harness.score(pred, truth)
    by_stardist = [result.accuracy for result in matching(truth, pred, thresh=np.arange(0.5, 1.0, 0.05))]
    assert [scores[f"ap{percent}.stardist"] for percent in range(50, 100, 5)] == pytest.approx(by_stardist, abs=1e-12)
    assert scores["map.elf"] == pytest.approx(evaluation.mean_segmentation_accuracy(pred, truth), abs=1e-12)
    assert scores["arand.elf"] == pytest.approx(evaluation.rand_index(pred, truth)[0], abs=1e-12)
    assert scores["arand.skimage"] == pytest.approx(adapted_rand_error(truth, pred)[0], abs=1e-12)
    assert scores["sbd.elf"] == pytest.approx(evaluation.symmetric_best_dice_score(pred, truth), abs=1e-12)
    assert 0 < scores["map.gonuclear"] < 1


def hostile_sets(count: int = 200) -> list[list[Pair]]:
    """Sets of one to six (truth, prediction) pairs of different shapes, many of them without objects."""
    rng = np.random.default_rng(200)
    sets = []
    for _ in range(count):
        chosen = []
        for _ in range(int(rng.integers(1, 7))):
            shape = tuple(int(extent) for extent in rng.integers(3, 30, 2))
            truth, pred = (rectangles(rng, shape, int(rng.choice([0, 0, 1, 3, 9]))) for _ in range(2))
            if rng.random() < 0.5:
                pred = np.where(rng.random(shape) < 0.1, 0, truth)
            chosen.append((truth, pred))
        sets.append(chosen)
    return sets


@pytest.mark.parametrize(("aggregation", "by_image"), [("pooled", False), ("per-image", True)])
def test_stardist_aggregates_hostile_sets_alike(aggregation: str, by_image: bool) -> None:
    library = pytest.importorskip("stardist.matching").matching_dataset
    thresholds = tuple(percent / 100 for percent in range(50, 100, 5))
    for pairs_of_set in hostile_sets():
        truths, preds = zip(*pairs_of_set, strict=True)
        expected = [
            found.accuracy
            for found in library(
                truths, preds, thresh=thresholds, by_image=by_image, show_progress=False, parallel=False
            )
        ]
        scores = harness.score_set([(pred, truth) for truth, pred in pairs_of_set], aggregation=aggregation)
        measured = [scores[f"ap{percent}.stardist"] for percent in range(50, 100, 5)]
        assert measured == pytest.approx(expected, abs=1e-9)
        assert scores["map.stardist"] == pytest.approx(sum(expected) / 10, abs=1e-9)


def test_the_mean_over_images_is_undefined_where_an_image_is() -> None:
    empty, full = np.zeros((3, 3), int), np.ones((3, 3), int)
    assert math.isnan(harness.score_set([(empty, empty), (full, full)], ["ap50.cellpose"])["ap50.cellpose"])
    pooled = harness.score_set([(empty, empty), (full, full)], ["ap50.cellpose"], aggregation="pooled")
    assert pooled == {"ap50.cellpose": 1.0}


@pytest.mark.parametrize(
    ("given_pairs", "options", "message"),
    [
        ([], {}, "the set of pairs is empty"),
        ([(LABELS, LABELS), (LABELS, LABELS[:1])], {}, r"pair 2: prediction has shape \(2, 3\), truth has shape"),
        ([(LABELS,)], {}, r"pair 1 has 1 items; accepted: \(prediction, truth\) or"),
        ([(LABELS, LABELS)], {"aggregation": "mean"}, "aggregation is 'mean'; accepted: 'per-image', 'per-dataset'"),
        ([(LABELS, LABELS)], {"aggregation": "per-dataset"}, "of 1 pairs has no groups; accepted: one name a pair"),
        ([(LABELS, LABELS)], {"aggregation": "per-dataset", "groups": "ab"}, "of 1 pairs has 2 groups"),
        ([(LABELS, LABELS)], {"undefined": "zero"}, "undefined is 'zero'; accepted"),
        ([(LABELS, LABELS, LABELS[:1])], {}, r"pair 1: the ignore mask has shape \(1, 3\), truth has shape \(2, 3\)"),
        ([(LABELS, LABELS)], {"border": "cut"}, "pair 1: border is 'cut'"),
        ([(LABELS, LABELS)], {"metrics": ["pq"], "sparse": True}, "pair 1: metric 'pq' counts what is predicted where"),
    ],
)
def test_bad_sets_are_label_errors(given_pairs: list, options: dict, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        harness.score_set(given_pairs, **options)


def test_every_data_set_weighs_the_same_whatever_its_size() -> None:
    empty, full = np.zeros((3, 3), int), np.ones((3, 3), int)
    images = [(full, full), (empty, full), (full, full), (full, full)]
    found = harness.score_set(images, ["recall.50"], aggregation="per-dataset", groups=["a", "a", "b", "b"])
    assert found == {"recall.50": 0.75}
    assert harness.score_set(images[:3], ["recall.50"], aggregation="per-dataset", groups="aab") == found
    one_group = harness.score_set(images, ["recall.50"], aggregation="per-dataset", groups="aaaa")
    assert one_group == harness.score_set(images, ["recall.50"])


def test_undefined_images_can_be_left_out_or_count_as_the_worst() -> None:
    empty, full = np.zeros((3, 3), int), np.ones((3, 3), int)
    images = [(empty, empty), (full, full)]
    assert harness.score_set(images, ["ap50.cellpose"], undefined="left out") == {"ap50.cellpose": 1.0}
    assert harness.score_set(images, ["ap50.cellpose"], undefined="worst") == {"ap50.cellpose": 0.5}


def test_what_is_compared_of_an_image_is_said_in_words_of_the_caller() -> None:
    truth, pred = np.array([[0, 0, 0], [0, 1, 0], [0, 255, 9]]), np.array([[0, 0, 0], [0, 1, 0], [0, 2, 9]])
    mask = truth == 255
    assert harness.score(pred, truth, "count.pred", ignore=255) == {"count.pred": 2.0}
    assert harness.score(pred, truth, "count.pred", ignore=255, border="drop") == {"count.pred": 1.0}
    assert harness.score(pred, truth, "count.pred", border="drop", border_px=2) == {"count.pred": 0.0}
    by_value = harness.score_set([(pred, truth), (pred, truth)], ["count.pred"], ignore=255)
    assert (
        by_value == harness.score_set([(pred, truth, mask), (pred, truth, mask)], ["count.pred"]) == {"count.pred": 2}
    )
    safe = set(harness.score(pred, truth, sparse=True))
    assert "recall.50" in safe
    assert "precision.50" not in safe
    assert set(harness.score_set([(pred, truth)], sparse=True)) == safe


def test_a_metric_of_a_plain_function_is_not_pooled(plug_in: list[EntryPoint]) -> None:
    plug_in.append(EntryPoint("touching", f"{__name__}:OWN", "harness.metrics"))
    assert "touching" not in harness.score_set([(LABELS, LABELS)], aggregation="pooled")
    with pytest.raises(LabelError, match="metric 'touching' keeps no addable counts"):
        harness.score_set([(LABELS, LABELS)], ["touching"], aggregation="pooled")


def test_what_is_measured_keeps_the_counts_of_objects_and_of_the_metrics() -> None:
    scores = measure(ImagePair(LABELS, LABELS), chosen_metrics(["map.elf"]))
    assert scores.values == {"map.elf": 1.0}
    assert scores.counts["objects.truth"] == 2
    assert scores.counts["tp.elf"] == (2,) * 10
    assert "tp.stardist" not in scores.counts


def test_a_metric_may_be_given_as_itself() -> None:
    mine = replace(chosen_metrics("pq")[0], id="mine")
    assert harness.score(LABELS, LABELS, mine) == {"mine": 1.0}
    assert list(harness.score(LABELS, LABELS, ["pq", mine])) == ["pq", "mine"]
    assert chosen_metrics(mine) == [mine]


def test_surfaces_are_measured_in_micrometres() -> None:
    truth, pred = np.zeros((8, 9), int), np.zeros((8, 9), int)
    truth[2:5, 2:5], pred[3:6, 2:5] = 1, 1
    assert harness.score(pred, truth, "hd.voxels", spacing_um=(2, 0.5)) == {"hd.voxels": 2.0}
    assert harness.score(pred, truth, "nsd.voxels.2um", spacing_um=(2, 0.5)) == {"nsd.voxels.2um": 1.0}
    assert harness.score(pred, truth, "nsd.voxels.1px") == {"nsd.voxels.1px": 1.0}
    assert harness.score_set([(pred, truth)] * 2, "assd.voxels", aggregation="pooled", spacing_um=(2, 0.5)) == (
        harness.score(pred, truth, "assd.voxels", spacing_um=(2, 0.5))
    )


@pytest.mark.parametrize(
    ("metric", "spacing_um", "message"),
    [
        ("hd.voxels", None, "the size of a voxel is unknown; accepted: --spacing Z Y X"),
        ("nsd.voxels.2px", (1, 1), "a tolerance in pixels where a voxel is known to be 1 x 1 um"),
        ("pq", (1, 0), "the spacing is 1 0; accepted: positive numbers"),
        ("pq", (1, -1), "the spacing is 1 -1; accepted: positive numbers"),
        ("pq", (1, 1, 1), "the spacing 1 1 1 has 3 numbers for an image of 2 axes; accepted: 2"),
        ("pq", ("a", 1), "the spacing is a 1; accepted: positive numbers"),
    ],
)
def test_spacings_that_are_none_are_refused(metric: str, spacing_um: tuple[float, ...] | None, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        harness.score(LABELS, LABELS, metric, spacing_um=spacing_um)
    with pytest.raises(LabelError, match=f"pair 1: .*{message}"):
        harness.score_set([(LABELS, LABELS)], metric, spacing_um=spacing_um)


def test_confidences_and_the_size_of_a_voxel_reach_the_metrics_that_need_them() -> None:
    pred, truth = np.array([[1, 1, 0, 2]]), np.array([[1, 1, 0, 0]])
    assert harness.score(pred, truth, "coco.ap50", confidences={1: 0.9, 2: 0.1}) == {"coco.ap50": 1.0}
    assert harness.score(pred, truth, "recall.centre-1um", spacing_um=(1, 1)) == {"recall.centre-1um": 1.0}
    with pytest.raises(LabelError, match="gives no confidences"):
        harness.score(pred, truth, "coco.ap50")
