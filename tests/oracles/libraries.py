"""What each library calls the metrics of the harness, with how far rounding may take them apart.

A function gets a case and returns metric id -> the library's value; what it leaves out is not compared. Where a library
raises, or returns what no evaluation can mean, the case is left out here and shown in test_defects.py.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from harness.metrics.ap import CONVENTIONS, DECIMALS, PERCENTS
from harness.metrics.coco import AREAS
from tests.oracles.images import Case

Values = Mapping[str, float]
SPACING_UM = (1.5, 1.0, 1.0)
"""Of Z, Y and X, wherever a distance is measured."""


@dataclass(frozen=True, slots=True)
class Library:
    """A library that scores a pair, a set of them, or both.

    module       what is imported; the library is present if it can be found and `versions` fits
    distribution its name in a registry
    tolerance    the greatest difference that rounding makes
    """

    name: str
    module: str
    distribution: str
    tolerance: float
    pair: Callable[[Case], Values]
    together: Callable[[list[Case]], Values] | None = None
    releases: str = ""

    @property
    def absent(self) -> str:
        """Why it cannot be asked here; "" if it can."""
        try:
            found = importlib.util.find_spec(self.module) is not None
        except ModuleNotFoundError:  # its parent is not there
            found = False
        try:
            release = version(self.distribution)
        except PackageNotFoundError:
            release = ""
        if not found:
            return f"{self.name} is not installed"
        if not release.startswith(self.releases):
            return f"{self.name} is not installed: {release} is"
        return ""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what a library prints and warns of."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def by_stardist(case: Case) -> Values:
    from stardist.matching import matching

    values: dict[str, float] = {}
    for criterion in ("iou", "iot", "iop"):
        found = matching(case.truth, case.pred, thresh=DECIMALS, criterion=criterion)
        values |= _stardist(found, "stardist" if criterion == "iou" else f"stardist-{criterion}")
    return values


def sets_by_stardist(cases: list[Case]) -> Values:
    from stardist.matching import matching_dataset

    images = [case.truth for case in cases], [case.pred for case in cases]
    return _stardist(matching_dataset(*images, thresh=DECIMALS, show_progress=False), "stardist")


def _stardist(found: tuple, convention: str) -> Values:
    values = {f"ap{percent}.{convention}": one.accuracy for percent, one in zip(PERCENTS, found, strict=True)}
    values[f"map.{convention}"] = float(np.mean([one.accuracy for one in found]))
    if convention == "stardist":
        half = found[0]
        values |= {"pq.stardist": half.panoptic_quality, "sq.stardist": half.mean_matched_score, "rq.stardist": half.f1}
        for percent, one in zip(PERCENTS, found, strict=True):
            values |= {f"{rate}.{percent}.stardist": getattr(one, rate) for rate in ("f1", "precision", "recall")}
    return values


def by_cellpose(case: Case, *, convention: str) -> Values:
    from cellpose.metrics import aggregated_jaccard_index, average_precision

    with quiet():
        found = average_precision(case.truth, case.pred, threshold=list(DECIMALS))[0].astype(float)
        jaccard = float(aggregated_jaccard_index([case.truth], [case.pred])[0])
    values = {f"ap{percent}.{convention}": float(one) for percent, one in zip(PERCENTS, found, strict=True)}
    if convention == "cellpose4" and not (np.any(case.truth == 0) and np.any(case.pred == 0)):
        values = {}
    return values | ({"aji.cellpose": jaccard} if _has_unique_partners(case) else {})


def by_skimage(case: Case) -> Values:
    from skimage.metrics import adapted_rand_error, variation_of_information

    with quiet():
        values = {
            "arand.skimage": adapted_rand_error(case.truth, case.pred, ignore_labels=(0,))[0],
            "arand.skimage-all": adapted_rand_error(case.truth, case.pred, ignore_labels=())[0],
        }
        values |= _voi("all", variation_of_information(case.truth, case.pred))
        if np.any(case.truth):
            values |= _voi("gt0", variation_of_information(case.truth, case.pred, ignore_labels=(0,)))
    return values


def by_elf(case: Case) -> Values:
    from elf.evaluation import (
        cremi_score,
        dice_score,
        mean_segmentation_accuracy,
        rand_index,
        symmetric_best_dice_score,
        variation_of_information,
    )

    truth, pred = case.truth, case.pred
    mean, found = mean_segmentation_accuracy(pred, truth, return_accuracies=True)
    values = {f"ap{percent}.elf": float(one) for percent, one in zip(PERCENTS, found, strict=True)}
    values |= {"map.elf": float(mean), "arand.elf": rand_index(pred, truth)[0]}
    values |= _voi("all", variation_of_information(pred, truth))
    values |= {"sbd.elf": symmetric_best_dice_score(pred, truth), "cremi-score.elf": cremi_score(pred, truth)[3]}
    if np.any(truth) or np.any(pred):
        values["sbd.mask"] = dice_score(pred, truth)
    if np.any(truth):
        values["arand.elf-gt0"] = rand_index(pred, truth, ignore_gt=[0])[0]
        values["cremi-score.elf-gt0"] = cremi_score(pred, truth, ignore_gt=[0])[3]
        values |= _voi("gt0", variation_of_information(pred, truth, ignore_gt=[0]))
    if np.any(truth) or np.any(pred):
        values |= _voi("elf-both0", variation_of_information(pred, truth, ignore_gt=[0], ignore_seg=[0]))
    return values


def _voi(convention: str, found: tuple[float, float]) -> dict[str, float]:
    split, merge = map(float, found)
    values = {f"voi.{part}.{convention}": one for part, one in (("split", split), ("merge", merge))}
    return values | {f"voi.sum.{convention}": split + merge}


def by_panoptica(case: Case) -> Values:
    from panoptica import InputType, Panoptica_Evaluator
    from panoptica.instance_matcher import NaiveThresholdMatching
    from panoptica.metrics import Metric

    truth, pred = (np.unique(image, return_inverse=True)[1].reshape(image.shape) for image in _with_zero(case))
    with quiet():
        evaluator = Panoptica_Evaluator(
            expected_input=InputType.UNMATCHED_INSTANCE,
            instance_matcher=NaiveThresholdMatching(matching_threshold=0.5),
            instance_metrics=[Metric.IOU],
            global_metrics=[],
        )
        images = pred.astype(np.uint16), truth.astype(np.uint16)
        found = next(iter(evaluator.evaluate(*images, verbose=False).values()))
        area = next(iter(evaluator.evaluate_autc(*images, verbose=False).values())).get_autc("rq")
    factors = {f"{factor}.panoptica": float(getattr(found, factor)) for factor in ("pq", "sq", "rq")}
    return factors | {"f1-area.panoptica": float(area)}


def _with_zero(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Return the images with one voxel of background more, so that numbering labels anew leaves 0 as it is."""
    return tuple(
        np.concatenate([np.zeros((1, *image.shape[1:]), np.int64), image]) for image in (case.truth, case.pred)
    )


def by_cellseg_metrics(case: Case) -> Values:
    from cellseg_metrics import aggregated_jaccard_index, dice2, mean_average_precision, panoptic_quality

    truth, pred = case.truth, case.pred
    values = {
        "aji.cellseg-metrics": float(aggregated_jaccard_index(truth, pred)),
        "dice2.cellseg-metrics": float(dice2(truth, pred)),
    }
    if np.any(truth) or np.any(pred):
        quality = panoptic_quality(truth, pred)
        values |= {"pq.canonical": quality["pq"], "sq.canonical": quality["sq"], "rq.canonical": quality["dq"]}
    if truth.ndim == 2:
        values["coco.ap"] = mean_average_precision(truth, pred, case.confidences)
        values["coco.ap50"] = mean_average_precision(truth, pred, case.confidences, [0.5])
    return values


def sets_by_cellseg_metrics(cases: list[Case]) -> Values:
    from cellseg_metrics import mean_average_precision

    flat = [case for case in cases if case.truth.ndim == 2]
    if len(flat) < len(cases):
        return {}
    images = [case.truth for case in flat], [case.pred for case in flat], [case.confidences for case in flat]
    return {"coco.ap": mean_average_precision(*images)}


def by_ctcmetrics(case: Case) -> Values:
    import tempfile
    from pathlib import Path

    import tifffile
    from ctc_metrics.metrics import det, seg
    from ctc_metrics.utils.representations import count_acyclic_graph_correction_operations, match

    truth, pred = _with_zero(case)
    if not np.any(truth):
        return {}
    with tempfile.TemporaryDirectory() as folder, quiet():
        paths = [str(Path(folder) / f"{name}.tif") for name in ("truth", "pred")]
        for path, image in zip(paths, (truth, pred), strict=True):
            tifffile.imwrite(path, image.astype(np.uint16))
        true, found, mapped_true, mapped_found, ious = match(*paths)
        operations = count_acyclic_graph_correction_operations(
            None, None, [true], [found], [mapped_true], [mapped_found]
        )
    return {"ctc.seg": seg([true], [ious]), "ctc.det": det(**operations)}


def by_torchmetrics(case: Case) -> Values:
    import torch
    from torchmetrics.functional.detection import panoptic_quality

    if not (np.any(case.truth) or np.any(case.pred)):
        return {}
    images = [
        torch.from_numpy(np.stack([image > 0, image], -1).astype(np.int64))[None] for image in (case.pred, case.truth)
    ]
    found = panoptic_quality(*images, things={1}, stuffs={0}, return_per_class=True, return_sq_and_rq=True)
    pq, sq, rq = found.reshape(-1, 3)[0].tolist()
    return {"pq.canonical": pq, "sq.canonical": sq, "rq.canonical": rq}


def coco_annotations(cases: list[Case]) -> tuple[dict, list[dict]]:
    """Return truths as a COCO dataset of one category, and predictions as COCO results; sections side by side."""
    from pycocotools import mask

    images, truths, results = [], [], []
    for number, case in enumerate(cases, start=1):
        truth, pred = (image.reshape(-1, image.shape[-1]) for image in (case.truth, case.pred))
        images.append({"id": number, "height": truth.shape[0], "width": truth.shape[1]})
        for label in np.unique(truth[truth > 0]):
            coded = mask.encode(np.asfortranarray(truth == label, np.uint8))
            truths.append(
                {"id": len(truths) + 1, "image_id": number, "category_id": 1, "iscrowd": 0, "segmentation": coded,
                 "area": int((truth == label).sum()), "bbox": [0, 0, 1, 1]}
            )  # fmt: skip
        for label in np.unique(pred[pred > 0]):
            coded = mask.encode(np.asfortranarray(pred == label, np.uint8))
            results.append(
                {"image_id": number, "category_id": 1, "segmentation": coded, "score": case.confidences[int(label)]}
            )
    return {"images": images, "annotations": truths, "categories": [{"id": 1}], "info": {}}, results


def by_pycocotools(cases: list[Case]) -> Values:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    return _coco(cases, COCO, COCOeval)


def by_faster_coco_eval(cases: list[Case]) -> Values:
    from faster_coco_eval import COCO, COCOeval_faster

    return _coco(cases, COCO, COCOeval_faster)


def _coco(cases: list[Case], dataset: Callable, evaluation: Callable) -> Values:
    truths, results = coco_annotations(cases)
    if not results or not truths["annotations"]:
        return {}
    with quiet():
        known = dataset()
        known.dataset = truths
        known.createIndex()
        evaluated = evaluation(known, known.loadRes(results), "segm")
        evaluated.params.maxDets = [1, 10, 100_000]
        evaluated.evaluate()
        evaluated.accumulate()
    precision = evaluated.eval["precision"][:, :, 0, :, -1]
    values = {"coco.ap50": _defined(precision[0, :, 0]), "coco.ap75": _defined(precision[5, :, 0])}
    names = ("ap", *(f"ap-{area}" for area in list(AREAS)[1:]))
    return values | {f"coco.{name}": _defined(precision[:, :, area]) for area, name in enumerate(names)}


def _defined(precision: np.ndarray) -> float:
    return math.nan if np.all(precision == -1) else float(precision[precision > -1].mean())


def by_bioimage_py(case: Case) -> Values:
    from bioimage_py import evaluation

    truth, pred = (image.astype(np.uint64) for image in (case.truth, case.pred))
    values: dict[str, float] = {}
    with quiet():
        values |= _voi("all", evaluation.variation_of_information(pred, truth))
        if np.any((truth > 0) & (pred > 0)):
            both = evaluation.variation_of_information(pred, truth, ignore_seg=[0], ignore_gt=[0])
            values |= _voi("both0", both)
        values |= {"arand.elf": evaluation.rand_index(pred, truth)[0]}
        values |= {"cremi-score.elf": evaluation.cremi_score(pred, truth)[3]}
        values |= {"sbd.elf": evaluation.symmetric_best_dice_score(pred, truth)}
        for percent in (50, 75, 90):
            threshold = CONVENTIONS["elf"].thresholds[(percent - 50) // 5]
            found = evaluation.matching(pred, truth, threshold=threshold)
            values[f"ap{percent}.elf"] = found["segmentation_accuracy"]
        if np.any(truth) and np.any(pred):
            spacing = SPACING_UM[-truth.ndim :]
            for tolerance in (1, 2, 5):
                found = evaluation.centroid_matching(pred, truth, distance_threshold=tolerance, resolution=spacing)
                values |= {f"{rate}.centre-{tolerance}um": found[rate] for rate in ("f1", "precision", "recall")}
    return values


def _has_unique_partners(case: Case) -> bool:
    """Whether one-to-one partners of greatest IoU are beyond doubt: no two pairs of an object have equal IoU."""
    from harness.metrics import overlap_table

    pairs = overlap_table(case.truth, case.pred).objects
    return np.unique(pairs.iou).size == pairs.iou.size


LIBRARIES: tuple[Library, ...] = (
    Library("stardist", "stardist.matching", "stardist", 2e-6, by_stardist, sets_by_stardist),
    Library(
        "cellpose 3",
        "cellpose.metrics",
        "cellpose",
        1e-6,
        lambda case: by_cellpose(case, convention="cellpose"),
        None,
        "3.",
    ),
    Library(
        "cellpose 4",
        "cellpose.metrics",
        "cellpose",
        1e-6,
        lambda case: by_cellpose(case, convention="cellpose4"),
        None,
        "4.",
    ),
    Library("scikit-image", "skimage.metrics", "scikit-image", 1e-9, by_skimage),
    Library("elf", "elf.evaluation", "python-elf", 1e-6, by_elf),
    Library("panoptica", "panoptica", "panoptica", 1e-9, by_panoptica),
    Library("cellseg-metrics", "cellseg_metrics", "cellseg-metrics", 1e-6, by_cellseg_metrics, sets_by_cellseg_metrics),
    Library("py-ctcmetrics", "ctc_metrics", "py-ctcmetrics", 1e-9, by_ctcmetrics),
    Library("torchmetrics", "torchmetrics.detection", "torchmetrics", 1e-6, by_torchmetrics),
    Library("pycocotools", "pycocotools", "pycocotools", 1e-9, lambda case: by_pycocotools([case]), by_pycocotools),
    Library(
        "faster-coco-eval",
        "faster_coco_eval",
        "faster-coco-eval",
        1e-9,
        lambda case: by_faster_coco_eval([case]),
        by_faster_coco_eval,
    ),
    Library("bioimage-py", "bioimage_py", "bioimage-py", 1e-6, by_bioimage_py),
)
