"""Slow definitions of conventions that have no installed library, straight from their written form, on dense tables."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.optimize import linear_sum_assignment


def dense(truth: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Contingency table with one row and one column per label present, ascending; float64."""
    truth_ids, pred_ids = np.unique(truth), np.unique(pred)
    return np.array([[np.sum((truth == t) & (pred == p)) for p in pred_ids] for t in truth_ids], float)


def gonuclear(truth: np.ndarray, pred: np.ndarray) -> list[float]:
    """P(t) at ten thresholds: 1 for a constant truth, else any hit per row and column after the first of each."""
    if np.unique(truth).size == 1:
        return [1.0] * 10
    table = dense(truth, pred)
    iou = (table / (table.sum(1, keepdims=True) + table.sum(0, keepdims=True) - table))[1:, 1:]
    scores = []
    for threshold in np.linspace(0.5, 0.95, 10):
        hit = iou > threshold
        rows, cols = int(hit.any(1).sum()), int(hit.any(0).sum())
        scores.append(rows / (hit.shape[0] + hit.shape[1] - cols) if rows else 0.0)
    return scores


def cremi(truth: np.ndarray, pred: np.ndarray) -> float:
    """Adapted Rand error from precision and recall over fractions, as the evaluation forms them."""
    voxels = truth[truth != 0]
    if voxels.size == 0:
        return float("nan")
    inside = pred[truth != 0]
    zero = np.sum(inside == 0) / truth.size
    pairs = dense(voxels[inside != 0], inside[inside != 0]) if np.any(inside) else np.zeros((1, 1))
    truth_sum = np.sum(np.unique(voxels, return_counts=True)[1].astype(float) ** 2)
    pred_sum = np.sum(pairs.sum(0) ** 2) + zero
    both = np.sum(pairs**2) + zero
    precision, recall = both / pred_sum, both / truth_sum
    return float(1 - 2 * precision * recall / (precision + recall))


def best_dice(a: np.ndarray, b: np.ndarray, smooth: float) -> float:
    """Mean over objects of `a` of the best Dice with any object of `b`, overlapping or not."""
    scores = []
    for label in np.setdiff1d(np.unique(a), [0]):
        mine = a == label
        others = [b == other for other in np.setdiff1d(np.unique(b), [0])]
        scores.append(max((2 * np.sum(mine & o) + smooth) / (mine.sum() + o.sum() + smooth) for o in others))
    return float(np.mean(scores))


def symmetric_best_dice(truth: np.ndarray, pred: np.ndarray, smooth: float) -> float:
    """The lesser of both directions."""
    return min(best_dice(truth, pred, smooth), best_dice(pred, truth, smooth))


def one_sided_script_dice(a: np.ndarray, b: np.ndarray) -> float:
    """Mean best Dice over every number between the least and the greatest label of `a`, the least left out."""
    span = int(a.max()) - int(a.min())
    total = 0.0
    for label in range(int(a.min()) + 1, int(a.max()) + 1):
        mine = a == label
        others = [b == other for other in range(int(b.min()) + 1, int(b.max()) + 1)]
        sizes = [mine.sum() + other.sum() for other in others]
        total += max((2 * np.sum(mine & o) / size for o, size in zip(others, sizes, strict=True) if size), default=0.0)
    return total / span if span else 0.0


def script_best_dice(truth: np.ndarray, pred: np.ndarray) -> float:
    """The lesser of both directions of the challenge's script."""
    return min(one_sided_script_dice(truth, pred), one_sided_script_dice(pred, truth))


def masks(image: np.ndarray) -> list[np.ndarray]:
    """One mask per label but 0, ascending."""
    return [image == label for label in np.unique(image) if label]


def shares(truth: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Overlap and union of every true with every predicted object."""
    both = [[np.sum(t & p) for p in masks(pred)] for t in masks(truth)]
    either = [[np.sum(t | p) for p in masks(pred)] for t in masks(truth)]
    shape = (len(masks(truth)), len(masks(pred)))
    return np.array(both, float).reshape(shape), np.array(either, float).reshape(shape)


def jaccard(truth: np.ndarray, pred: np.ndarray, *, unique: bool) -> float:
    """Aggregated Jaccard index object by object: best partners, or one-to-one ones of the greatest summed IoU."""
    shared, union = shares(truth, pred)
    iou = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    if unique:
        partners = list(zip(*linear_sum_assignment(-iou), strict=True))
    else:
        partners = [(row, int(iou[row].argmax())) for row in range(iou.shape[0]) if iou.shape[1]]
    partners = [(row, col) for row, col in partners if iou[row, col] > 0]
    rows, cols = {row for row, _ in partners}, {col for _, col in partners}
    whole = sum(union[pair] for pair in partners)
    whole += sum(mask.sum() for row, mask in enumerate(masks(truth)) if row not in rows)
    whole += sum(mask.sum() for col, mask in enumerate(masks(pred)) if col not in cols)
    return sum(shared[pair] for pair in partners) / whole if whole else math.nan


def tracking(truth: np.ndarray, pred: np.ndarray) -> tuple[float, float]:
    """SEG and DET of one frame, true object by true object."""
    partner_of: dict[int, int] = {}
    total = 0.0
    for number, mask in enumerate(masks(truth)):
        for other, found in enumerate(masks(pred)):
            if np.sum(mask & found) > mask.sum() / 2:
                partner_of[number] = other
                total += np.sum(mask & found) / np.sum(mask | found)
    objects, partners = len(masks(truth)), set(partner_of.values())
    if not objects:
        return math.nan, math.nan
    cost = 5 * (len(partner_of) - len(partners)) + 10 * (objects - len(partner_of)) + len(masks(pred)) - len(partners)
    return total / objects, 1 - min(cost, 10 * objects) / (10 * objects)


def cremi_challenge(truth: np.ndarray, pred: np.ndarray, band_px: float | None) -> tuple[float, float, float]:
    """VOI split, VOI merge and adapted Rand error of CREMI's class: all labels one up, 0 for what is left out."""
    labels = np.unique(truth, return_inverse=True)[1].reshape(truth.shape) + 1
    if band_px is not None:
        labels = np.where(cremi_band(truth, band_px), 0, labels)
    voxels = truth.size
    kept, found = labels[labels > 0], pred[labels > 0]
    if not kept.size:
        return math.nan, math.nan, math.nan
    pairs = dense(kept, found)
    joint = pairs[pairs > 0] / kept.size
    given_truth = np.broadcast_to(pairs.sum(1, keepdims=True), pairs.shape)[pairs > 0] / kept.size
    given_pred = np.broadcast_to(pairs.sum(0, keepdims=True), pairs.shape)[pairs > 0] / kept.size
    split, merge = (-float(np.sum(joint * np.log2(joint / given))) for given in (given_truth, given_pred))
    zero = np.sum(found == 0) / voxels
    objects = pairs[:, np.unique(found) > 0]
    truth_sum, pred_sum = np.sum(pairs.sum(1) ** 2), np.sum(objects.sum(0) ** 2) + zero
    both = np.sum(objects**2) + zero
    return split, merge, float(1 - 2 * both / (truth_sum + pred_sum))


def cremi_band(truth: np.ndarray, band_px: float) -> np.ndarray:
    """Which pixels lie within a distance of one that has another label above, below, left or right of it; 2D or 3D."""
    if truth.ndim == 3:
        return np.stack([cremi_band(section, band_px) for section in truth])
    padded = np.pad(truth, 1, mode="edge")
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    inner = np.all([truth == neighbour for neighbour in neighbours], axis=0)
    return np.zeros(truth.shape, bool) if inner.all() else distance_transform_edt(inner) <= band_px


def coco(
    images: list[tuple[np.ndarray, np.ndarray, dict[int, float]]], threshold: float, low: float, high: float
) -> float:
    """COCO's average precision at one IoU of a set of images, detection by detection."""
    ranking: list[tuple[float, int, str]] = []
    true = 0
    for number, (truth, pred, confidences) in enumerate(images):
        labels = [int(label) for label in np.unique(pred) if label]
        gt = [(mask, not low <= mask.sum() <= high) for mask in masks(truth)]
        true += sum(not outside for _, outside in gt)
        used: set[int] = set()
        for label in sorted(labels, key=lambda label: -confidences[label]):
            mask = pred == label
            best, partner = (False, threshold), None
            for index, (other, outside) in enumerate(gt):
                iou = np.sum(mask & other) / np.sum(mask | other)
                if index not in used and iou >= threshold and (not outside, iou) >= best:
                    best, partner = (not outside, iou), index
            if partner is None:
                outcome = "wrong" if low <= mask.sum() <= high else "left out"
            else:
                used.add(partner)
                outcome = "left out" if gt[partner][1] else "right"
            ranking.append((-confidences[label], number, outcome))
    if not true:
        return math.nan
    ranking.sort(key=lambda entry: entry[:1])
    points, right, wrong = [], 0, 0
    for _, _, outcome in ranking:
        right, wrong = right + (outcome == "right"), wrong + (outcome == "wrong")
        points.append((right / true, right / max(right + wrong, 1)))
    return sum(max((p for r, p in points if r >= recall), default=0.0) for recall in np.linspace(0, 1, 101)) / 101
