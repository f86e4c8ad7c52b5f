"""Tracking measures of label volumes whose first axis is time: one label is one object in all frames."""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.metrics.metric import FRACTION, UNBOUNDED, Direction, Metric, NanRule
from harness.metrics.tracks import Frames

_LIBRARY = "py-ctcmetrics 1.3.3"
_EDGES = ("both empty", "truth empty, 2 predicted", "truth of 2, prediction empty", "identical", "disjoint")
NAN = math.nan


def _of_library(name: str) -> Callable[[Frames], float]:
    def value(frames: Frames) -> float:
        return frames.measured[name]

    return value


def _precision(frames: Frames) -> float:
    return frames.precision_50


def _metric(
    name: str,
    title: str,
    definition: str,
    source: str,
    value: Callable[[Frames], float],
    edges: tuple[float, ...],
    *,
    direction: Direction = "higher",
    unit: str = "fraction",
    nan_rule: NanRule = "left out",
) -> Metric:
    return Metric(
        id=f"video.{name}",
        title=title,
        definition=f"{definition}; the first axis is time, a label is one object in all frames, 0 is background",
        source=source,
        direction=direction,
        unit=unit,
        range=FRACTION if unit == "fraction" else UNBOUNDED,
        edge_cases=tuple(zip(_EDGES, edges, strict=True)),
        function=value,
        needs="frames",
        nan_rule=nan_rule,
    )


_CTC = "partner: covers more than half of the true object in the frame; NaN without true objects"
_FOUND = (NAN, NAN, 0.0, 1.0, 0.0)

METRICS: tuple[Metric, ...] = (
    _metric(
        "tra",
        "TRA of the Cell Tracking Challenge",
        f"1 - min(AOGM, AOGM0) / AOGM0, the cost of mending the graph of tracks over that of drawing it; {_CTC}",
        f"Matula et al. 2015, doi:10.1371/journal.pone.0144959; {_LIBRARY}",
        _of_library("TRA"),
        _FOUND,
    ),
    _metric(
        "seg",
        "SEG over the frames of a video",
        f"mean over true objects of all frames of the IoU with the partner, 0 without one; {_CTC}",
        f"Maska et al. 2014, doi:10.1093/bioinformatics/btu080; {_LIBRARY}",
        _of_library("SEG"),
        _FOUND,
    ),
    _metric(
        "det",
        "DET over the frames of a video",
        f"1 - min(A, A0) / A0 with A = 5 splits + 10 missed + 1 spurious over all frames; {_CTC}",
        f"Matula et al. 2015, doi:10.1371/journal.pone.0144959; {_LIBRARY}",
        _of_library("DET"),
        _FOUND,
    ),
    _metric(
        "hota",
        "HOTA of a video",
        f"square root of the mean association accuracy of matched objects, times the accuracy of detection, at the one "
        f"threshold of the matching; {_CTC}",
        f"Luiten et al. 2021, doi:10.1007/s11263-020-01375-2; {_LIBRARY}",
        _of_library("HOTA"),
        _FOUND,
    ),
    _metric(
        "switches",
        "identity switches of a video",
        f"how often the partner of a true object is another label than its last partner; {_CTC}",
        f"Bernardin and Stiefelhagen 2008, doi:10.1155/2008/246309; {_LIBRARY}",
        _of_library("IDSW"),
        (NAN, NAN, 0.0, 0.0, 0.0),
        direction="lower",
        unit="count",
    ),
    _metric(
        "ap50",
        "average precision of single frames",
        "mean over frames of TP / (TP + FP + FN), match: IoU > .5 within the frame; frames without objects on either "
        "side are left out",
        "Caicedo et al. 2019, doi:10.1038/s41592-019-0612-7",
        _precision,
        (NAN, 0.0, 0.0, 1.0, 0.0),
    ),
)
