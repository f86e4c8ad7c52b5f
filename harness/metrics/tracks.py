"""What tracking measures read: the frames of two label volumes whose first axis is time, and the tracks in them.

What of two frames belongs together is the rule of the Cell Tracking Challenge: a predicted object is the partner of
a true one when it covers more than half of it. Everything else is counted by py-ctcmetrics. A label that is gone for
some frames is written as the challenge wants it, as a track that ends and a child that begins: frames without it cost
nothing where the truth has the same gap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from harness.errors import BackendError, LabelError
from harness.metrics.overlap import OverlapTable, overlap_table

INSTALL = "pip install '.[tracking]'"
NAN = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The objects of a video as tracks without gaps.

    table   int64 (n, 4): id from 1, first frame, last frame, id of the track that this one goes on with, else 0
    of      by frame, the id of the track of each label
    """

    table: np.ndarray
    of: Sequence[Mapping[int, int]]


def tracks_of(frames: Sequence[np.ndarray]) -> Tracks:
    """Return the tracks of the labels (each (n,), without 0) that are present in each frame."""
    rows: list[list[int]] = []
    latest: dict[int, int] = {}
    by_frame: list[dict[int, int]] = []
    for time, labels in enumerate(frames):
        here = {}
        for label in map(int, labels):
            last = latest.get(label)
            if last is None or rows[last][2] < time - 1:
                rows.append([len(rows) + 1, time, time, 0 if last is None else rows[last][0]])
                latest[label] = len(rows) - 1
            rows[latest[label]][2] = time
            here[label] = rows[latest[label]][0]
        by_frame.append(here)
    return Tracks(np.array(rows, dtype=np.int64).reshape(-1, 4), by_frame)


@dataclass(frozen=True, eq=False)
class Frames:
    """What tracking measures read of a truth and a prediction, frame by frame. Not slotted for its cached parts."""

    tables: Sequence[OverlapTable]

    @cached_property
    def sides(self) -> tuple[Tracks, Tracks]:
        """The tracks of truth and of prediction."""
        truth = tracks_of([table.truth_ids[table.first_truth :] for table in self.tables])
        pred = tracks_of([table.pred_ids[table.first_pred :] for table in self.tables])
        return truth, pred

    @cached_property
    def matches(self) -> dict[str, list[list[Any]]]:
        """Labels (ascending) and partners of each frame as py-ctcmetrics wants them, labels being ids of tracks."""
        found: dict[str, list[list[Any]]] = {
            name: [] for name in ("labels_ref", "labels_comp", "mapped_ref", "mapped_comp", "ious")
        }
        truth, pred = self.sides
        for time, table in enumerate(self.tables):
            pairs = table.objects
            hits = np.flatnonzero(2 * pairs.counts > table.truth_sizes[pairs.rows])
            rows, cols = table.truth_ids[pairs.rows[hits]], table.pred_ids[pairs.cols[hits]]
            found["labels_ref"].append(sorted(truth.of[time].values()))
            found["labels_comp"].append(sorted(pred.of[time].values()))
            found["mapped_ref"].append([truth.of[time][int(label)] for label in rows])
            found["mapped_comp"].append([pred.of[time][int(label)] for label in cols])
            found["ious"].append(pairs.iou[hits].tolist())
        return found

    @cached_property
    def measured(self) -> Mapping[str, float]:
        """Every measure by the name that the library gives it.

        Without true objects all are NaN; without predicted ones nothing is found, and nothing switches. Raises
        `BackendError` where py-ctcmetrics is not installed.
        """
        truth, pred = self.sides
        if not len(truth.table):
            return dict.fromkeys(("SEG", "DET", "TRA", "HOTA", "IDSW"), NAN)
        if not len(pred.table):
            return {**dict.fromkeys(("SEG", "DET", "TRA", "HOTA"), 0.0), "IDSW": 0.0}
        try:
            from ctc_metrics.metrics import det, hota, mota, seg, tra
            from ctc_metrics.utils.representations import count_acyclic_graph_correction_operations, merge_tracks
        except ImportError as error:
            raise BackendError(f"metrics of videos: py-ctcmetrics is not installed; {INSTALL}") from error
        found = self.matches
        names = ("labels_ref", "labels_comp", "mapped_ref", "mapped_comp")
        lists = [found[name] for name in names]
        graph = count_acyclic_graph_correction_operations(*_with_a_stander_by(truth.table, pred.table, *lists))
        # The stander-by is found where it is: without it there are two objects and one step less to draw.
        graph = {**graph, "num_vertices": graph["num_vertices"] - 2, "num_edges": graph["num_edges"] - 1}
        _, of_truth, of_mapped_truth = merge_tracks(truth.table, found["labels_ref"], found["mapped_ref"])
        _, of_pred, of_mapped_pred = merge_tracks(pred.table, found["labels_comp"], found["mapped_comp"])
        # Whole numbers also in a frame without any: the library indexes with them.
        merged = [_whole(lists) for lists in (of_truth, of_pred, of_mapped_truth, of_mapped_pred)]
        return {
            "SEG": float(seg(found["labels_ref"], found["ious"])),
            "DET": float(det(**graph)),
            "TRA": float(tra(**graph)[0]),
            "HOTA": float(hota(*merged)["HOTA"]),
            "IDSW": float(mota(*merged)["IDSW"]),
        }

    @cached_property
    def precision_50(self) -> float:
        """The mean over frames with objects on either side of TP / (TP + FP + FN), match: IoU > .5."""
        values = []
        for table in self.tables:
            hits = int((2 * table.objects.counts > table.objects.unions).sum())
            objects = table.n_truth + table.n_pred - hits
            if objects:
                values.append(hits / objects)
        return math.fsum(values) / len(values) if values else NAN


def _with_a_stander_by(truth: np.ndarray, pred: np.ndarray, *lists: list[list[Any]]) -> list[Any]:
    """Return tracks and lists with two frames more, in which one object that both have stands still.

    py-ctcmetrics counts no graph without a step from frame to frame, such as that of a video of one frame.
    """
    time = len(lists[0])
    names = [int(table[:, 0].max()) + 1 for table in (truth, pred)]
    tables = [
        np.concatenate([table, [[name, time, time + 1, 0]]]) for table, name in zip((truth, pred), names, strict=True)
    ]
    return [*tables, *([*one, [name], [name]] for one, name in zip(lists, (*names, *names), strict=True))]


def _whole(lists: Sequence[Sequence[Any]]) -> list[np.ndarray]:
    return [np.array(one, dtype=np.int64) for one in lists]


def frames_of(truth: np.ndarray, pred: np.ndarray) -> Frames:
    """Return the frames of two label volumes (integer or bool, time first); raises `LabelError` for a single axis."""
    if truth.ndim < 2:
        raise LabelError(f"a video of shape {truth.shape}; accepted: time and at least one axis of space")
    return Frames([overlap_table(one, other) for one, other in zip(truth, pred, strict=True)])
