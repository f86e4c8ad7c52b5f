"""The parameters of the Cellpose stage, and the checks that need no library."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from harness.errors import nearest
from harness.parameters import StageOptions, Weights, option
from harness.stages.cellpose.planes import PLANES
from harness.stages.nets.compute import Precision

STYLE_ROOM = 256
"""The style vector the library makes room for: the widest a network can be at its lowest level."""

Mode = Literal["planes", "3d"]


class NetworkOptions(StageOptions):
    """What the network is."""

    weights: Weights = option("", "a trained Cellpose 1-3 checkpoint to predict with; no training then")
    base: Weights = option("", "a checkpoint to fine-tune; empty = from scratch", when="fit")
    filters: tuple[int, ...] = option((32, 64, 128, 256), "filters per level from scratch", ge=1, le=STYLE_ROOM)
    diam_mean: float = option(
        0.0,
        "object diameter inside the network, if the checkpoint states none; 0 = the checkpoint's own, 30 from scratch",
        unit="px",
        ge=0.0,
    )
    precision: Precision = option("auto", "number format of convolutions")


class TrainingOptions(StageOptions):
    """How it is trained."""

    training_planes: tuple[str, ...] = option(("xy",), "planes of a volume that are trained on: xy, yz, zx", when="fit")
    every: int = option(1, "train on every n-th plane of each direction", when="fit", ge=1)
    isotropic_training: bool = option(
        False, "resample training volumes to the finest spacing before slicing", when="fit"
    )
    min_train_masks: int = option(5, "objects below which a plane is left out", when="fit", ge=0)
    epochs: int = option(500, "epochs: ten of warm-up, annealing at the end of more than 100", when="fit", ge=1)
    planes_per_epoch: int = option(0, "planes drawn each epoch; 0 = all once", when="fit", ge=0)
    batch: int = option(8, "patches a step", when="fit", ge=1)
    patch: int = option(224, "edge of the training patches", unit="px", when="fit", ge=16)
    learning_rate: float = option(0.1, "of stochastic gradient descent with momentum 0.9", when="fit", ge=0.0)
    weight_decay: float = option(1e-4, "weight decay", when="fit", ge=0.0)


class PredictionOptions(StageOptions):
    """How flows are gathered into masks."""

    mode: Mode = option("planes", "2D planes stitched, or flows of three directions in 3D", when="run")
    diameter: float = option(
        26.5, "object diameter in the image; 0 = the mean of the training objects", unit="px", when="run", ge=0.0
    )
    stitch_threshold: float = option(0.9, "IoU that joins masks of neighbouring planes", when="run", ge=0.0, le=1.0)
    anisotropy: float = option(
        0.0, "z step over y step in 3d mode; 0 = from the spacing of the data", when="run", ge=0.0
    )
    percentiles: tuple[float, ...] = option((1.0, 99.0), "image percentiles mapped to 0 and 1", ge=0.0, le=100.0)
    normalise: Literal["volume", "plane"] = option("volume", "where percentiles are taken in planes mode", when="run")
    flow_threshold: float = option(0.4, "highest flow error of a mask (planes mode only)", when="run", ge=0.0)
    cellprob_threshold: float = option(
        0.0, "logit above which a pixel is inside; in 3d the sum of three directions", when="run"
    )
    min_size: int = option(15, "smallest mask", unit="px", when="run", ge=-1)
    niter: int = option(0, "steps of the dynamics; 0 = 200 x diameter / diam_mean", when="run", ge=0)
    tile_overlap: float = option(0.1, "overlap of prediction tiles", when="run", ge=0.05, le=0.5)
    prediction_batch: int = option(8, "tiles predicted at once", when="run", ge=1)


class CellposeOptions(PredictionOptions, TrainingOptions, NetworkOptions):
    """All parameters of the stage."""

    @model_validator(mode="after")
    def _work_together(self) -> Self:
        if self.weights and self.base:
            raise ValueError("'weights' predicts and 'base' trains; accepted: one of them")
        for plane in self.training_planes:
            if plane not in PLANES:
                raise ValueError(f"'training_planes' holds '{plane}'{nearest(plane, PLANES)}")
        if not self.training_planes:
            raise ValueError(f"'training_planes' is empty; accepted: one or more of {', '.join(PLANES)}")
        if not 2 <= len(self.filters) <= 4:
            raise ValueError(f"'filters' has {len(self.filters)} numbers; accepted: 2 to 4 levels")
        if len(self.percentiles) != 2 or not self.percentiles[0] < self.percentiles[1]:
            raise ValueError(f"'percentiles' is {list(self.percentiles)}; accepted: two increasing numbers")
        return self
