"""Parameters of the stage `unet`: declared with the published values, and read into typed settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import ParameterError
from harness.parameters import Parameter
from harness.stages.nets.augment import Augmentation
from harness.stages.nets.compute import PRECISIONS
from harness.stages.nets.networks import KINDS, NetworkSpec, feature_maps
from harness.stages.nets.patches import RULES
from harness.stages.nets.sampling import SAMPLINGS, PatchFilter
from harness.stages.nets.training import TrainingPlan
from harness.stages.unet.targets import OUTPUTS

PLANES = {"YX": (-2, -1), "ZY": (-3, -2), "ZX": (-3, -1)}
NETWORK = (
    Parameter("architecture", "str", "unet", "plain or residual network", choices=KINDS),
    Parameter("f_maps", "ints", (16,), "channels per level; one number doubles from level to level", minimum=1),
    Parameter("levels", "int", 4, "resolutions, where f_maps is one number", minimum=2, maximum=8),
    Parameter("layer_order", "str", "gcr", "g group norm, b batch norm, c convolution, r/l/e activations, d dropout"),
    Parameter("groups", "int", 8, "groups of group norm", minimum=1),
    Parameter("plane_wise", "bool", False, "a 2D network over the planes of 3D images"),
    Parameter("outputs", "strs", OUTPUTS, "what the output channels mean", choices=OUTPUTS),
    Parameter("weights", "weights", "", "weights to use instead of training: pytorch-3dunet and PlantSeg checkpoints"),
    Parameter("allow_pickle", "bool", False, "run the code inside a pickled checkpoint; for trusted files only"),
    Parameter("precision", "str", "auto", "auto: float32 on a CPU, half precision on a GPU", choices=PRECISIONS),
)
TRAINING = (
    Parameter("patch", "ints", (96, 96, 96), "training patch; one number for all axes", unit="px", minimum=1),
    Parameter("stride", "ints", (48, 48, 48), "step of strided training patches", unit="px", minimum=1),
    Parameter("batch", "int", 4, "patches per iteration", minimum=1),
    Parameter("sampling", "str", "strided", "training patches from a grid or from anywhere", choices=SAMPLINGS),
    Parameter("max_iterations", "int", 150_000, "gradient steps", minimum=1),
    Parameter("max_epochs", "int", 1000, "passes through the strided patches; 0 is no limit", minimum=0),
    Parameter(
        "max_seconds", "float", 0.0, "time limit, makes results depend on the machine; 0 is none", "s", minimum=0
    ),
    Parameter("validate_every", "int", 500, "iterations between validations", minimum=1),
    Parameter("learning_rate", "float", 1e-4, "of Adam", minimum=0),
    Parameter("weight_decay", "float", 1e-5, "of Adam", minimum=0),
    Parameter("plateau_factor", "float", 0.2, "learning rate drop on a plateau of the validation Dice", minimum=0),
    Parameter("plateau_patience", "int", 20, "validations without progress before the drop", minimum=0),
    Parameter("min_learning_rate", "float", 1e-6, "training stops below it", minimum=0),
    Parameter("min_labelled", "float", 0.01, "labelled fraction above which a patch is kept", minimum=0, maximum=1),
    Parameter("keep_poor", "float", 0.01, "probability to keep the other patches", minimum=0, maximum=1),
    Parameter("flip", "float", 0.5, "probability of a flip per axis", minimum=0, maximum=1),
    Parameter("rotate90", "bool", True, "quarter turns in the YX plane"),
    Parameter("rotate_degrees", "float", 30.0, "largest rotation; 0 is none", "degree", minimum=0, maximum=180),
    Parameter("rotate_planes", "strs", ("YX",), "planes of rotation, one drawn per patch", choices=tuple(PLANES)),
    Parameter("elastic", "float", 0.1, "probability of an elastic deformation", minimum=0, maximum=1),
    Parameter("elastic_alpha", "float", 2000.0, "its strength before smoothing", unit="px", minimum=0),
    Parameter("elastic_sigma", "float", 50.0, "its smoothing", unit="px", minimum=1),
    Parameter("gaussian_noise", "float", 0.1, "probability of additive Gaussian noise", minimum=0, maximum=1),
    Parameter("poisson_noise", "float", 0.1, "probability of additive Poisson noise", minimum=0, maximum=1),
)
PREDICTION = (
    Parameter(
        "predict_patch",
        "ints",
        (192, 256, 256),
        "core of a tile, halved where a feature map would pass 2^31; empty finds it by memory",
        "px",
        minimum=1,
    ),
    Parameter("halo", "ints", (64, 64, 64), "context per side; empty is the receptive field", "px", minimum=0),
    Parameter("stride_ratio", "float", 0.5, "step of tiles per patch; published: 0.25 and 0.5", maximum=1),
    Parameter("patch_rule", "str", "code", "patch and halo from memory: PlantSeg's code or as printed", choices=RULES),
    Parameter(
        "memory_gb", "float", 0.0, "limit for finding the patch; 0 tries a GPU, 256 per axis on a CPU", minimum=0
    ),
)
PARAMETERS = (*NETWORK, *TRAINING, *PREDICTION)


@dataclass(frozen=True, slots=True)
class Settings:
    """The parameters with their types; tuples of pixels as given (see `per_axis`)."""

    values: Mapping[str, Any]
    where: str

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output channels."""
        return tuple(self.values["outputs"])

    def check(self) -> None:
        """Raise `ParameterError` for values that no image can make work."""
        if not self.outputs or len(set(self.outputs)) < len(self.outputs):
            raise ParameterError(f"{self.where}: outputs {self.outputs}; accepted: one or both of {', '.join(OUTPUTS)}")
        for name in ("f_maps", "patch", "stride"):
            if not self.values[name]:
                raise ParameterError(f"{self.where}: parameter '{name}' is empty; accepted: at least one number")
        if not 0 < self.values["stride_ratio"] <= 1:
            raise ParameterError(
                f"{self.where}: parameter 'stride_ratio' is {self.values['stride_ratio']}; accepted: a number in (0, 1]"
            )
        self.network(ndim=3, in_channels=1).check(self.where)

    def per_axis(self, name: str, ndim: int) -> tuple[int, ...]:
        """Return a list of pixels for the axes of an image: one number counts for all, of too many the last count."""
        given: tuple[int, ...] = tuple(self.values[name])
        if len(given) == 1:
            return given * ndim
        if 0 < len(given) < ndim:
            raise ParameterError(f"{self.where}: parameter '{name}' is {list(given)}; accepted: 1 or {ndim} numbers")
        return given[-ndim:]

    def network(self, *, ndim: int, in_channels: int) -> NetworkSpec:
        """Return the network for an image."""
        widths: tuple[int, ...] = tuple(self.values["f_maps"])
        return NetworkSpec(
            kind=self.values["architecture"],
            ndim=ndim,
            in_channels=in_channels,
            out_channels=len(self.outputs),
            f_maps=widths if len(widths) > 1 else feature_maps(widths[0], self.values["levels"]),
            order=self.values["layer_order"],
            groups=self.values["groups"],
        )

    def augmentation(self, ndim: int) -> Augmentation:
        """Return the augmentation for images of 2 or 3 dimensions; planes with Z drop out in 2D."""
        get = self.values.__getitem__
        return Augmentation(
            flip=get("flip"),
            quarter_turns=get("rotate90"),
            degrees=get("rotate_degrees"),
            planes=tuple(PLANES[name] for name in get("rotate_planes") if ndim == 3 or "Z" not in name),
            elastic=get("elastic"),
            alpha=get("elastic_alpha"),
            sigma=get("elastic_sigma"),
            gaussian=get("gaussian_noise"),
            poisson=get("poisson_noise"),
        )

    def plan(self, *, ndim: int) -> TrainingPlan:
        """Return how to train on images of 2 or 3 dimensions."""
        get = self.values.__getitem__
        return TrainingPlan(
            outputs=self.outputs,
            patch=self.per_axis("patch", ndim),
            stride=self.per_axis("stride", ndim),
            batch=get("batch"),
            sampling=get("sampling"),
            max_iterations=get("max_iterations"),
            max_epochs=get("max_epochs"),
            max_seconds=get("max_seconds"),
            validate_every=get("validate_every"),
            learning_rate=get("learning_rate"),
            weight_decay=get("weight_decay"),
            factor=get("plateau_factor"),
            patience=get("plateau_patience"),
            smallest_rate=get("min_learning_rate"),
            accept=PatchFilter(get("min_labelled"), get("keep_poor")),
            augmentation=self.augmentation(ndim),
        )
