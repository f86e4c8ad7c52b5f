"""What the loss of SPOCO is made of: its distances and the weight of each term."""

from __future__ import annotations

from dataclasses import dataclass
from math import log


@dataclass(frozen=True, slots=True)
class Terms:
    """Distances in the embedding space and weights of the terms; a weight of 0 switches a term off.

    delta_var   radius within which nothing pulls a voxel to the mean of its object
    delta_dist  half the distance from which on the means of two objects do not push each other; an unlabelled voxel is
                pushed from a mean that is nearer than this
    kernel      value of the soft mask of an object at `delta_var` from its anchor
    anchors     most anchors drawn of the unlabelled voxels of a patch
    uncovered   share of the unlabelled voxels that may stay outside all masks
    sparse      whether voxels of label 0 are unlabelled; else they are one more cluster, and the terms on unlabelled
                voxels are not computed
    """

    delta_var: float = 0.5
    delta_dist: float = 2.0
    pull: float = 1.0
    push: float = 1.0
    regularisation: float = 0.001
    unlabelled_push: float = 1.0
    instance_dice: float = 1.0
    consistency: float = 1.0
    kernel: float = 0.5
    anchors: int = 20
    uncovered: float = 0.05
    sparse: bool = True

    @property
    def two_sigma(self) -> float:
        """The divisor of the squared distance in the Gaussian of a soft mask."""
        return self.delta_var**2 / -log(self.kernel)
