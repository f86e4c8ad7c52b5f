"""The parameters of the Cellpose stage, and the checks that need no library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import ParameterError, nearest
from harness.parameters import Parameter
from harness.stages.cellpose.planes import PLANES

STYLE_ROOM = 256
"""The style vector the library makes room for: the widest a network can be at its lowest level."""

NETWORK = (
    Parameter("weights", "weights", "", "a trained Cellpose 1-3 checkpoint to predict with; no training then"),
    Parameter("base", "weights", "", "a checkpoint to fine-tune; empty = from scratch"),
    Parameter("filters", "ints", (32, 64, 128, 256), "filters per level from scratch", minimum=1, maximum=STYLE_ROOM),
    Parameter(
        "diam_mean",
        "float",
        0.0,
        "object diameter inside the network, if the checkpoint states none; 0 = the checkpoint's own, 30 from scratch",
        "px",
        minimum=0.0,
    ),
    Parameter(
        "precision", "str", "auto", "number format of convolutions", choices=("auto", "float32", "bfloat16", "float16")
    ),
)

TRAINING = (
    Parameter("training_planes", "strs", ("xy",), "planes of a volume that are trained on: xy, yz, zx"),
    Parameter("every", "int", 1, "train on every n-th plane of each direction", minimum=1),
    Parameter("isotropic_training", "bool", False, "resample training volumes to the finest spacing before slicing"),
    Parameter("min_train_masks", "int", 5, "objects below which a plane is left out", minimum=0),
    Parameter("epochs", "int", 500, "epochs: ten of warm-up, annealing at the end of more than 100", minimum=1),
    Parameter("planes_per_epoch", "int", 0, "planes drawn each epoch; 0 = all once", minimum=0),
    Parameter("batch", "int", 8, "patches a step", minimum=1),
    Parameter("patch", "int", 224, "edge of the training patches", "px", minimum=16),
    Parameter("learning_rate", "float", 0.1, "of stochastic gradient descent with momentum 0.9", minimum=0.0),
    Parameter("weight_decay", "float", 1e-4, "weight decay", minimum=0.0),
)

PREDICTION = (
    Parameter(
        "mode", "str", "planes", "2D planes stitched, or flows of three directions in 3D", choices=("planes", "3d")
    ),
    Parameter(
        "diameter",
        "float",
        26.5,
        "object diameter in the image; 0 = the mean of the training objects",
        "px",
        minimum=0.0,
    ),
    Parameter(
        "stitch_threshold", "float", 0.9, "IoU that joins masks of neighbouring planes", minimum=0.0, maximum=1.0
    ),
    Parameter(
        "anisotropy", "float", 0.0, "z step over y step in 3d mode; 0 = from the spacing of the data", minimum=0.0
    ),
    Parameter("percentiles", "floats", (1.0, 99.0), "image percentiles mapped to 0 and 1", minimum=0.0, maximum=100.0),
    Parameter("normalise", "str", "volume", "where percentiles are taken in planes mode", choices=("volume", "plane")),
    Parameter("flow_threshold", "float", 0.4, "highest flow error of a mask (planes mode only)", minimum=0.0),
    Parameter(
        "cellprob_threshold", "float", 0.0, "logit above which a pixel is inside; in 3d the sum of three directions"
    ),
    Parameter("min_size", "int", 15, "smallest mask", "px", minimum=-1),
    Parameter("niter", "int", 0, "steps of the dynamics; 0 = 200 x diameter / diam_mean", minimum=0),
    Parameter("tile_overlap", "float", 0.1, "overlap of prediction tiles", minimum=0.05, maximum=0.5),
    Parameter("prediction_batch", "int", 8, "tiles predicted at once", minimum=1),
)

PARAMETERS = (*NETWORK, *TRAINING, *PREDICTION)


def check_options(options: Mapping[str, Any], where: str) -> None:
    """Raise `ParameterError` for parameters that cannot work together."""
    if options["weights"] and options["base"]:
        raise ParameterError(f"{where}: 'weights' predicts and 'base' trains; accepted: one of them")
    for plane in options["training_planes"]:
        if plane not in PLANES:
            raise ParameterError(f"{where}: 'training_planes' holds '{plane}'{nearest(plane, PLANES)}")
    if not options["training_planes"]:
        raise ParameterError(f"{where}: 'training_planes' is empty; accepted: one or more of {', '.join(PLANES)}")
    if not 2 <= len(options["filters"]) <= 4:
        raise ParameterError(f"{where}: 'filters' has {len(options['filters'])} numbers; accepted: 2 to 4 levels")
    low_high = options["percentiles"]
    if len(low_high) != 2 or not low_high[0] < low_high[1]:
        raise ParameterError(f"{where}: 'percentiles' is {list(low_high)}; accepted: two increasing numbers")
