"""Parameters of stages that train a U-Net of this toolkit: its shape, its training, how an image is cut into tiles."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from harness.errors import ParameterError
from harness.parameters import StageOptions, Weights, option
from harness.stages.nets.augment import Augmentation
from harness.stages.nets.compute import Precision
from harness.stages.nets.networks import Architecture, NetworkSpec, feature_maps
from harness.stages.nets.patches import PatchRule
from harness.stages.nets.sampling import PatchFilter, Sampling
from harness.stages.nets.training import TrainingPlan

Plane = Literal["YX", "ZY", "ZX"]
PLANES: dict[Plane, tuple[int, int]] = {"YX": (-2, -1), "ZY": (-3, -2), "ZX": (-3, -1)}


class ShapeOptions(StageOptions):
    """What the network is, and where its weights come from."""

    architecture: Architecture = option("unet", "plain or residual network")
    f_maps: tuple[int, ...] = option((16,), "channels per level; one number doubles from level to level", ge=1)
    levels: int = option(4, "resolutions, where f_maps is one number", ge=2, le=8)
    layer_order: str = option("gcr", "g group norm, b batch norm, c convolution, r/l/e activations, d dropout")
    groups: int = option(8, "groups of group norm", ge=1)
    plane_wise: bool = option(False, "a 2D network over the planes of 3D images")
    weights: Weights = option("", "weights to use instead of training: pytorch-3dunet and PlantSeg checkpoints")
    allow_pickle: bool = option(False, "run the code inside a pickled checkpoint; for trusted files only", when="run")
    precision: Precision = option("auto", "auto: float32 on a CPU, half precision on a GPU")


class TrainingOptions(StageOptions):
    """How it is trained."""

    patch: tuple[int, ...] = option(
        (96, 96, 96), "training patch; one number for all axes", unit="px", when="fit", ge=1
    )
    stride: tuple[int, ...] = option((48, 48, 48), "step of strided training patches", unit="px", when="fit", ge=1)
    batch: int = option(4, "patches per iteration", when="fit", ge=1)
    sampling: Sampling = option("strided", "training patches from a grid or from anywhere", when="fit")
    max_iterations: int = option(150_000, "gradient steps", when="fit", ge=1)
    max_epochs: int = option(1000, "passes through the strided patches; 0 is no limit", when="fit", ge=0)
    max_seconds: float = option(
        0.0, "time limit, makes results depend on the machine; 0 is none", unit="s", when="fit", ge=0
    )
    validate_every: int = option(500, "iterations between validations", when="fit", ge=1)
    learning_rate: float = option(1e-4, "of Adam", when="fit", ge=0)
    weight_decay: float = option(1e-5, "of Adam", when="fit", ge=0)
    plateau_factor: float = option(0.2, "learning rate drop on a plateau of the validation Dice", when="fit", ge=0)
    plateau_patience: int = option(20, "validations without progress before the drop", when="fit", ge=0)
    min_learning_rate: float = option(1e-6, "training stops below it", when="fit", ge=0)
    min_labelled: float = option(0.01, "labelled fraction above which a patch is kept", when="fit", ge=0, le=1)
    keep_poor: float = option(0.01, "probability to keep the other patches", when="fit", ge=0, le=1)
    flip: float = option(0.5, "probability of a flip per axis", when="fit", ge=0, le=1)
    rotate90: bool = option(True, "quarter turns in the YX plane", when="fit")
    rotate_degrees: float = option(30.0, "largest rotation; 0 is none", unit="degree", when="fit", ge=0, le=180)
    rotate_planes: tuple[Plane, ...] = option(("YX",), "planes of rotation, one drawn per patch", when="fit")
    elastic: float = option(0.1, "probability of an elastic deformation", when="fit", ge=0, le=1)
    elastic_alpha: float = option(2000.0, "its strength before smoothing", unit="px", when="fit", ge=0)
    elastic_sigma: float = option(50.0, "its smoothing", unit="px", when="fit", ge=1)
    gaussian_noise: float = option(0.1, "probability of additive Gaussian noise", when="fit", ge=0, le=1)
    poisson_noise: float = option(0.1, "probability of additive Poisson noise", when="fit", ge=0, le=1)


class PredictionOptions(StageOptions):
    """How an image is cut into tiles."""

    predict_patch: tuple[int, ...] = option(
        (192, 256, 256),
        "core of a tile, halved where a feature map would pass 2^31; empty finds it by memory",
        unit="px",
        when="run",
        ge=1,
    )
    halo: tuple[int, ...] = option(
        (64, 64, 64), "context per side; empty is the receptive field", unit="px", when="run", ge=0
    )
    stride_ratio: float = option(0.5, "step of tiles per patch; published: 0.25 and 0.5", when="run", le=1)
    patch_rule: PatchRule = option("code", "patch and halo from memory: PlantSeg's code or as printed", when="run")
    memory_gb: float = option(
        0.0, "limit for finding the patch; 0 tries a GPU, 256 per axis on a CPU", when="run", ge=0
    )


class PatchOptions(PredictionOptions, TrainingOptions):
    """What any network needs that learns patches and predicts tiles; lists of pixels are as given (see `per_axis`)."""

    stage: ClassVar[str] = "network"
    """The id of the stage, for messages."""

    @model_validator(mode="after")
    def _has_patches(self) -> Self:
        for name in ("patch", "stride"):
            if not self[name]:
                raise ValueError(f"parameter '{name}' is empty; accepted: at least one number")
        if not 0 < self.stride_ratio <= 1:
            raise ValueError(f"parameter 'stride_ratio' is {self.stride_ratio}; accepted: a number in (0, 1]")
        return self

    def per_axis(self, name: str, ndim: int) -> tuple[int, ...]:
        """Return a list of pixels for the axes of an image: one number counts for all, of too many the last count.

        Raises `ParameterError` for two numbers and an image of three axes.
        """
        given: tuple[int, ...] = self[name]
        if len(given) == 1:
            return given * ndim
        if 0 < len(given) < ndim:
            raise ParameterError(
                f"stage '{self.stage}': parameter '{name}' is {list(given)}; accepted: 1 or {ndim} numbers"
            )
        return given[-ndim:]

    def augmentation(self, ndim: int) -> Augmentation:
        """Return the augmentation for images of 2 or 3 dimensions; planes with Z drop out in 2D."""
        return Augmentation(
            flip=self.flip,
            quarter_turns=self.rotate90,
            degrees=self.rotate_degrees,
            planes=tuple(PLANES[name] for name in self.rotate_planes if ndim == 3 or "Z" not in name),
            elastic=self.elastic,
            alpha=self.elastic_alpha,
            sigma=self.elastic_sigma,
            gaussian=self.gaussian_noise,
            poisson=self.poisson_noise,
        )

    def plan(self, *, ndim: int) -> TrainingPlan:
        """Return how to train on images of 2 or 3 dimensions."""
        return TrainingPlan(
            patch=self.per_axis("patch", ndim),
            stride=self.per_axis("stride", ndim),
            batch=self.batch,
            sampling=self.sampling,
            max_iterations=self.max_iterations,
            max_epochs=self.max_epochs,
            max_seconds=self.max_seconds,
            validate_every=self.validate_every,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            factor=self.plateau_factor,
            patience=self.plateau_patience,
            smallest_rate=self.min_learning_rate,
            accept=PatchFilter(self.min_labelled, self.keep_poor),
            augmentation=self.augmentation(ndim),
        )


class NetworkOptions(PatchOptions, ShapeOptions):
    """All parameters of a network with one encoder and one decoder. A stage adds what its channels are."""

    @model_validator(mode="after")
    def _can_work_for_some_image(self) -> Self:
        if not self.f_maps:
            raise ValueError("parameter 'f_maps' is empty; accepted: at least one number")
        problem = self.shape(ndim=3, in_channels=1, out_channels=1).problem
        if problem:
            raise ValueError(problem)
        return self

    def shape(self, *, ndim: int, in_channels: int, out_channels: int) -> NetworkSpec:
        """Return the network for an image."""
        return NetworkSpec(
            kind=self.architecture,
            ndim=ndim,
            in_channels=in_channels,
            out_channels=out_channels,
            f_maps=self.f_maps if len(self.f_maps) > 1 else feature_maps(self.f_maps[0], self.levels),
            order=self.layer_order,
            groups=self.groups,
        )
