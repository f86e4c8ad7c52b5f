"""Classes of errors beside deepcell-toolbox, and parts of the VOI beside funlib.evaluate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from harness.metrics import overlap_table
from harness.metrics.classes import CLASSES, classified
from harness.metrics.information import METRICS as INFORMATION
from harness.metrics.pair import Pair
from tests.metrics.images import hostile_pairs, rectangles
from tests.peers import ask

SCENES = 400
VOI_PAIRS = 300
SIDE = 20
CUTOFF = "0.5"
"""`cutoff1` of deepcell-toolbox at which objects match above an intersection over union of one half."""

SIDES = ("truth", "pred")
Event = tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]
"""Columns (from, to) of the truth objects and of the predicted ones, which all have the same rows."""


def event(kind: str, rng: np.random.Generator) -> Event:
    """Draw what may become of objects in a field of 20 columns; no overlap is near a threshold."""
    parts = int(rng.integers(3, 6))
    width = 16 // parts
    pieces = tuple((1 + width * part, width * (part + 1)) for part in range(parts))
    whole = ((1, 1 + width * parts),)
    shift = int(rng.integers(0, 3))
    return {
        "correct": (((2, 14),), ((2 + shift, 14 + shift),)),
        "missed": (((2, 14),), ()),
        "spurious": ((), ((2, 14),)),
        "split": (whole, pieces),
        "merged": (pieces, whole),
        "too small": (((1, 15),), ((3, 8),)),
        "too large": (((3, 8),), ((1, 15),)),
        "split and merged": (((1, 11), (11, 16)), ((1, 5), (5, 16))),
    }[kind]


VOI = {metric.id: metric for metric in INFORMATION}
KINDS = ("correct", "missed", "spurious", "split", "merged", "too small", "too large", "split and merged")


def scene(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A (truth, prediction) of twelve events in fields of their own; labels are 1 to n in any order."""
    rng = np.random.default_rng(seed)
    images = [np.zeros((3 * SIDE, 4 * SIDE), np.int64) for _ in range(2)]
    for field in range(12):
        row, column = divmod(field, 4)
        for image, spans in zip(images, event(str(rng.choice(KINDS)), rng), strict=True):
            for low, high in spans:
                rows = slice(row * SIDE + 2, row * SIDE + 15)
                image[rows, column * SIDE + low : column * SIDE + high] = image.max() + 1
    return tuple(np.append(0, rng.permutation(image.max()) + 1)[image] for image in images)  # type: ignore[return-value]


def asked(peer: str, folder: Path, pairs: dict[str, tuple[np.ndarray, np.ndarray]], *options: str) -> dict[str, Any]:
    """What a peer says of each pair, by name."""
    images = {f"{side}.{name}": pair[index] for name, pair in pairs.items() for index, side in enumerate(SIDES)}
    found: dict[str, Any] = ask(peer, folder, images, *options)
    return found


def labels_by_class(truth: np.ndarray, pred: np.ndarray) -> Iterator[dict[str, list[int]]]:
    """The labels of each class, of the truth and of the prediction."""
    table = overlap_table(truth, pred)
    sides = ((table.truth_ids, table.first_truth), (table.pred_ids, table.first_pred))
    for classes, (ids, first) in zip(classified(table), sides, strict=True):
        yield {name: ids[first:][classes == index].tolist() for index, name in enumerate(CLASSES)}


def test_deepcell_agrees_where_no_overlap_is_near_a_threshold(tmp_path: Path) -> None:
    pairs = {str(seed): scene(seed) for seed in range(SCENES)}
    answers = asked("deepcell", tmp_path, pairs, CUTOFF)
    for name, pair in pairs.items():
        truth, pred = labels_by_class(*pair)
        found = answers[name]
        assert found["correct"] == [truth["correct"], pred["correct"]]
        assert found["missed"][0] == sorted(truth["missed"] + truth["poor boundary"])
        assert found["gained"][1] == sorted(pred["spurious"] + pred["poor boundary"])
        for side, own in enumerate((truth, pred)):
            grouped = sorted(label for kind in ("splits", "merges", "catastrophes") for label in found[kind][side])
            assert grouped == sorted(own["split"] + own["merged"] + own["split and merged"])
        assert found["counts"]["catastrophe"] == len(truth["split and merged"])


def line(*runs: tuple[int, int]) -> np.ndarray:
    """Runs of (length, label) in each of four rows."""
    return np.tile([label for length, label in runs for _ in range(length)], (4, 1))


def test_deepcell_loses_the_rest_of_a_split_whose_larger_part_matches(tmp_path: Path) -> None:
    pair = line((10, 1), (5, 0)), line((6, 1), (4, 2), (5, 0))
    counts = asked("deepcell", tmp_path, {"60:40": pair}, CUTOFF)["60:40"]["counts"]
    assert (counts["split"], counts["gained_detections"]) == (0, 1)
    truth, pred = labels_by_class(*pair)
    assert (truth["correct"], pred["split"], pred["spurious"]) == ([1], [2], [])


def test_deepcell_fails_where_labels_have_gaps(tmp_path: Path) -> None:
    pair = line((5, 1), (5, 9)), line((5, 1), (5, 2))
    assert asked("deepcell", tmp_path, {"gap": pair}, CUTOFF)["gap"] == {"error": "IndexError"}
    truth, _ = labels_by_class(*pair)
    assert truth["correct"] == [1, 9]


def test_deepcell_counts_a_catastrophe_as_a_correct_detection(tmp_path: Path) -> None:
    pair = line((10, 1), (5, 2)), line((4, 1), (11, 2))
    counts = asked("deepcell", tmp_path, {"both": pair}, CUTOFF)["both"]["counts"]
    assert (counts["catastrophe"], counts["correct_detections"]) == (1, 1)
    truth, pred = labels_by_class(*pair)
    assert (truth["correct"], pred["correct"]) == ([], [])
    assert (truth["split and merged"], pred["split and merged"]) == ([1], [2])


def test_deepcell_calls_a_merge_a_catastrophe_where_a_further_prediction_touches_it(tmp_path: Path) -> None:
    """Prediction 2 shares 8 of 20 columns with truth 2, half of neither, and draws all four objects into one group."""
    pair = line((10, 1), (20, 2), (12, 0)), line((22, 1), (20, 2))
    counts = asked("deepcell", tmp_path, {"chain": pair}, CUTOFF)["chain"]["counts"]
    assert (counts["catastrophe"], counts["merge"], counts["gained_detections"]) == (1, 0, 0)
    truth, pred = labels_by_class(*pair)
    assert (truth["merged"], pred["merged"], pred["spurious"]) == ([1, 2], [1], [2])


def voi_pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Hostile pairs with a truth object, and drawn ones in two and three dimensions."""
    pairs = {name: pair for name, pair in hostile_pairs().items() if pair[0].any()}
    for seed in range(VOI_PAIRS - len(pairs)):
        rng = np.random.default_rng(seed)
        shape = (24, 31) if seed % 2 else (7, 13, 12)
        pairs[str(seed)] = (rectangles(rng, shape, 14) + seed % 3 // 2, rectangles(rng, shape, 9))
    return pairs


def test_funlib_gives_every_object_the_same_part_of_the_voi(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The peer leaves out what is 0 in the truth, as an ignore mask does here."""
    pairs = voi_pairs()
    answers = asked("funlib", tmp_path, pairs)
    worst = 0.0
    for name, (truth, pred) in pairs.items():
        pair = Pair(truth, pred, ignore=truth == 0)
        answer = answers[name]
        differences = [VOI[f"voi.{part}"].of(pair) - answer[part] for part in ("split", "merge")]
        for rows, shares, parts in (
            (pair.objects.truth, pair.objects.truth.voi_split, answer["split_i"]),
            (pair.objects.pred, pair.objects.pred.voi_merge, answer["merge_j"]),
        ):
            ids = rows.place.ids.tolist()
            assert {str(label) for label in ids} == set(parts) - {"0"}
            differences += [share - parts[str(label)] for label, share in zip(ids, shares.tolist(), strict=True)]
        worst = max(worst, *(abs(difference) for difference in differences))
    record_property(f"worst difference of {len(pairs)} pairs in bits", worst)
    assert worst < 1e-12
