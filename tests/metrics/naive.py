"""Slow definitions of conventions that have no installed library, straight from their written form, on dense tables."""

from __future__ import annotations

import numpy as np


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
