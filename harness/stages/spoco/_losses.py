"""The terms of SPOCO's loss on one patch, and their sum over a batch.

Embeddings of a patch are flat, (P, E); labels are flat integers, (P,), 0 is unlabelled or background. Wolny et al.
2022, arXiv:2103.14572; De Brabandere et al. 2017, arXiv:1708.02551. Importing this module imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from harness.stages.nets.loss import channel_dice
from harness.stages.spoco.terms import Terms


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """The voxels of a patch by label.

    vectors  (P, E): the embedding of each voxel
    index    (P,): which cluster a voxel belongs to
    sizes    (C,): voxels of each cluster
    means    (C, E)
    taught   (C,) bool: clusters that are objects, or background that counts as one
    objects  (C,) bool: clusters of another label than 0
    """

    vectors: torch.Tensor
    index: torch.Tensor
    sizes: torch.Tensor
    means: torch.Tensor
    taught: torch.Tensor
    objects: torch.Tensor


def clusters(vectors: torch.Tensor, labels: torch.Tensor, *, sparse: bool) -> Clusters:
    """Return the clusters of flat labels; with `sparse` label 0 is none that is taught."""
    ids, index, sizes = labels.unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    sizes = sizes.to(vectors.dtype)
    sums = vectors.new_zeros(len(ids), vectors.shape[1]).index_add(0, index, vectors)
    objects = ids != 0
    return Clusters(
        vectors, index, sizes, sums / sizes[:, None], objects if sparse else torch.ones_like(objects), objects
    )


def pull(found: Clusters, delta_var: float) -> torch.Tensor:
    """Return the mean over taught clusters of the mean over their voxels of max(0, |e - mean| - delta_var)^2."""
    # not `means[index]`: its gradient is added up by several threads in any order, so that no run equals another
    own = found.means.index_select(0, found.index)
    away = torch.linalg.vector_norm(found.vectors - own, dim=1)
    squares = (away - delta_var).clamp(min=0).square()
    means = found.means.new_zeros(len(found.sizes)).index_add(0, found.index, squares) / found.sizes
    return _mean(means[found.taught])


def push(found: Clusters, delta_dist: float) -> torch.Tensor:
    """Return the mean over ordered pairs of taught clusters of max(0, 2 delta_dist - distance of means)^2."""
    means = found.means[found.taught]
    count = len(means)
    if count < 2:
        return means.sum() * 0
    away: torch.Tensor = torch.linalg.vector_norm(means[:, None] - means[None], dim=2)
    squares = (2 * delta_dist - away).clamp(min=0).square()
    apart = ~torch.eye(count, dtype=torch.bool, device=means.device)
    return squares[apart].sum() / (count * (count - 1))


def regularisation(found: Clusters) -> torch.Tensor:
    """Return the mean length of the means of all clusters, that of label 0 included."""
    lengths: torch.Tensor = torch.linalg.vector_norm(found.means, dim=1)
    return lengths.mean()


def unlabelled_push(found: Clusters, delta_dist: float) -> torch.Tensor:
    """Return the mean over objects of the mean over voxels of label 0 of max(0, delta_dist - |e - mean|)^2."""
    outside = found.vectors[~found.objects[found.index]]
    away = _distances(outside, found.means[found.objects])
    return _mean((delta_dist - away).clamp(min=0).square().flatten())


def soft_masks(vectors: torch.Tensor, anchors: torch.Tensor, two_sigma: float) -> torch.Tensor:
    """Return (anchors, P): exp(-|e - anchor|^2 / two_sigma) of each voxel."""
    return torch.exp(-_distances(anchors, vectors).square() / two_sigma)


def instance_dice(found: Clusters, two_sigma: float) -> torch.Tensor:
    """Return 1 - Dice of the soft masks around the means of objects with the objects, pooled over all of a patch."""
    numbers = found.objects.nonzero()[:, 0]
    if not len(numbers):
        return found.means.sum() * 0
    masks = soft_masks(found.vectors, found.means[numbers], two_sigma)
    wanted = (found.index[None] == numbers[:, None]).to(masks.dtype)
    return 1 - channel_dice(masks[:, None], wanted[:, None])[0]


def consistency_dice(vectors: torch.Tensor, twin: torch.Tensor, labels: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Return 1 - Dice of soft masks by a network with those by its twin, pooled over random anchors of a patch.

    Anchors are voxels of label 0 that no mask of the network covers yet (above `kernel`); there are at most
    `terms.anchors`, and no more once less than `terms.uncovered` of the voxels of label 0 is not covered. The twin's
    mask is that around its own embedding of the same voxel. 0 where all voxels are labelled.
    """
    open_ = labels == 0
    enough = terms.uncovered * int(open_.sum())
    fast: list[torch.Tensor] = []
    slow: list[torch.Tensor] = []
    while len(fast) < terms.anchors and (places := open_.nonzero()[:, 0]).numel() > enough:
        place = places[torch.randint(len(places), (1,))].to(places.device)
        mask = soft_masks(vectors, vectors[place], terms.two_sigma)
        fast.append(mask)
        slow.append(soft_masks(twin, twin[place], terms.two_sigma))
        open_ = open_ & ~(mask.detach()[0] > terms.kernel)
    if not fast:
        return vectors.sum() * 0
    return 1 - channel_dice(torch.stack(fast), torch.stack(slow))[0]


def supervised(raw: torch.Tensor, labels: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Return the weighted sum of all terms but the consistency, the mean over a batch.

    `raw` is (N, E, …) of any floating type, `labels` (N, 1, …). A patch without an object has no pull, push or Dice.
    """
    total = raw.new_zeros((), dtype=torch.float32)
    for vectors, flat in zip(_flat(raw), labels.flatten(1).long(), strict=True):
        found = clusters(vectors, flat, sparse=terms.sparse)
        for weight, term, value in (
            (terms.pull, pull, terms.delta_var),
            (terms.push, push, terms.delta_dist),
            (terms.unlabelled_push if terms.sparse else 0.0, unlabelled_push, terms.delta_dist),
            (terms.instance_dice, instance_dice, terms.two_sigma),
        ):
            if weight:
                total = total + weight * term(found, value)
        total = total + terms.regularisation * regularisation(found)
    return total / len(raw)


def consistency(raw: torch.Tensor, slow: torch.Tensor, labels: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Return the mean over a batch of the consistency Dice; `slow` is the twin's output for the other view."""
    parts = zip(_flat(raw), _flat(slow), labels.flatten(1), strict=True)
    losses = [consistency_dice(fast, twin, flat, terms) for fast, twin, flat in parts]
    return torch.stack(losses).mean()


def _flat(raw: torch.Tensor) -> torch.Tensor:
    return raw.flatten(2).transpose(1, 2).contiguous().float()


def _distances(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the distances of all pairs, exactly: the faster product of matrices loses those that are small."""
    distances: Any = torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")
    return distances  # type: ignore[no-any-return]


def _mean(values: torch.Tensor) -> torch.Tensor:
    """Return the mean, 0 of nothing."""
    return values.sum() / max(len(values), 1)
