"""The stage `sam-fit`: a promptable network trained here, from scratch or from a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import DataError, ParameterError
from harness.model import Volume
from harness.parameters import Weights, option, with_default
from harness.stages.contract import Context, Example, Stage
from harness.stages.examples import found_nothing, training_pairs
from harness.stages.nets.compute import choose, seeded, torch_threads
from harness.stages.prompting import network, training
from harness.stages.prompting.decoding import Kept
from harness.stages.prompting.examples import LabelledPlane, Sampling
from harness.stages.prompting.layout import DECODER_HEADS, SamSpec
from harness.stages.prompting.losses import LossWeights
from harness.stages.prompting.pixels import GreyValues, as_rgb
from harness.stages.prompting.planes import PlaneOptions, plane_of
from harness.stages.prompting.prompts_grid import grid_prompts
from harness.stages.prompting.stages import RuleOptions, decode, encode
from harness.stages.values import Masks

WORTHLESS_IOU = 0.2
"""A mean IoU of validation boxes below which a network has learnt nothing."""


class NetworkOptions(PlaneOptions):
    """What the network is; of one that starts from `base` its checkpoint says so."""

    base: Weights = option("", "the checkpoint that training starts from; empty: random weights")
    grey_values: GreyValues = option("min-max", "each channel of a plane to 0 to 255, or 8 bits as they are")
    image_size: int = option(1024, "side of the square that the encoder takes", unit="px", ge=16)
    patch: int = option(16, "side of a token", unit="px", ge=2)
    width: int = option(768, "channels of the image encoder", ge=8)
    depth: int = option(12, "its layers", ge=1)
    heads: int = option(12, "its attention heads", ge=1)
    window: int = option(14, "tokens along a window of attention", ge=1)
    global_layers: tuple[int, ...] = option((2, 5, 8, 11), "layers that see the whole image", ge=0)
    channels: int = option(256, "channels of features and decoder", ge=16)
    decoder_mlp: int = option(2048, "hidden units of the decoder", ge=8)

    def spec(self, where: str) -> SamSpec:
        """Return the shape of a network that starts from scratch; raises `ParameterError` if there is none of it."""
        problems = [
            text
            for wrong, text in (
                (
                    self.image_size % self.patch,
                    f"'image_size' {self.image_size} is no multiple of 'patch' {self.patch}",
                ),
                (self.width % self.heads, f"'width' {self.width} is no multiple of 'heads' {self.heads}"),
                (
                    self.channels % (2 * DECODER_HEADS),
                    f"'channels' {self.channels} is no multiple of {2 * DECODER_HEADS}",
                ),
                (
                    any(layer >= self.depth for layer in self.global_layers),
                    f"'global_layers' {list(self.global_layers)} names a layer above {self.depth - 1}",
                ),
            )
            if wrong
        ]
        if problems:
            raise ParameterError(f"{where}: {'; '.join(problems)}")
        side = self.image_size // self.patch
        is_whole = self.window >= side  # a window that holds every token is the whole image
        return SamSpec(
            image_size=self.image_size,
            patch=self.patch,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            mlp=4 * self.width,
            window=0 if is_whole else self.window,
            global_layers=tuple(range(self.depth)) if is_whole else self.global_layers,
            channels=self.channels,
            decoder_mlp=self.decoder_mlp,
            score_width=self.channels,
        )


class TrainingOptions(NetworkOptions):
    """How it is trained; the loss is that of Segment Anything."""

    iterations: int = option(10_000, "gradient steps", when="fit", ge=1)
    images: int = option(1, "images a step", when="fit", ge=1)
    objects: int = option(25, "objects of an image that are asked for", when="fit", ge=1)
    crop: int = option(0, "edge of random crops; 0 takes images whole", unit="px", when="fit", ge=0)
    box_share: float = option(
        0.5, "share of images that ask with boxes, the others with points", when="fit", ge=0, le=1
    )
    jitter: float = option(0.05, "deviation of a box's sides, of its extent", when="fit", ge=0, le=0.24)
    negatives: int = option(1, "points in other objects, up to so many", when="fit", ge=0)
    learning_rate: float = option(1e-5, "of AdamW, falling to 0 along a cosine", when="fit", ge=0)
    weight_decay: float = option(0.1, "of AdamW", when="fit", ge=0)
    warmup: int = option(250, "steps over which the learning rate rises", when="fit", ge=0)
    focal_weight: float = option(
        20.0, "of the focal loss; Dice loss and squared error of the IoU weigh 1", when="fit", ge=0
    )
    focal_gamma: float = option(2.0, "of the focal loss; 0 is the cross entropy", when="fit", ge=0)
    freeze_encoder: bool = option(False, "whether prompt encoder and decoder alone learn", when="fit")
    validate_every: int = option(500, "steps between validations", when="fit", ge=1)

    def plan(self) -> training.TrainingPlan:
        """Return how to train."""
        return training.TrainingPlan(
            iterations=self.iterations,
            batch=self.images,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup=self.warmup,
            validate_every=self.validate_every,
            freeze_encoder=self.freeze_encoder,
            sampling=Sampling(self.objects, self.box_share, self.jitter, self.negatives, self.crop),
            loss=LossWeights(focal=self.focal_weight, gamma=self.focal_gamma),
        )


class SamFit(Stage):
    """Training with boxes and points as prompts; its own result are the masks of a grid of points.

    As a `recipe` of weights it makes checkpoints for `sam-encode` and `sam-decode`, in the published layout.
    Planes of volumes are training images; planes without an object are left out.
    """

    id = "sam-fit"
    title = "SAM: trained here, automatic masks"
    outputs = ("masks",)
    needs = ("torch", "transformers", "scipy")
    extra = "prompting"
    devices = ("cpu", "cuda")
    licence = "Apache-2.0"
    citation = "Kirillov et al. 2023, ICCV, doi:10.1109/ICCV51070.2023.00371"

    class Options(TrainingOptions, RuleOptions):
        masks: Kept = with_default(RuleOptions, "masks", "all")
        least_score: float = with_default(RuleOptions, "least_score", 0.88)
        least_stability: float = with_default(RuleOptions, "least_stability", 0.95)
        nms: float = with_default(RuleOptions, "nms", 0.7)
        per_side: int = option(32, "points along each side of a plane in the automatic mode", when="run", ge=1)

    options: Options

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train on the examples and write a checkpoint; without validation the last weights count.

        Raises `DataError` for examples without any object, with more than three channels or values that are not
        finite, and `ParameterError` for a network that cannot be.
        """
        planes = self._planes(training, f"{self.where}: training")
        if not planes:
            raise DataError(f"{self.where}: no plane of the {len(training)} training examples has an object")
        self._train(planes, self._planes(validation, f"{self.where}: validation"), context, model)

    def _train(
        self, planes: Sequence[LabelledPlane], held_out: Sequence[LabelledPlane], context: Context, model: Path
    ) -> None:
        with torch_threads(context.threads), seeded(context.seed):
            if "base" in context.weights:
                spec, state = network.read(context.weights["base"])
                made = network.build(spec)
                network.restore(made, spec, state, str(context.weights["base"]))
            else:
                spec = self.options.spec(self.where)
                made = network.build(spec)
            trained = training.train(
                made,
                spec,
                planes,
                held_out,
                plan=self.options.plan(),
                compute=choose(context.device, "float32", 2),
                seed=context.seed,
                log=context.log,
                report=context.report,
            )
        history = [dict(entry) for entry in trained.history]
        best = max((entry["iou"] for entry in history if "iou" in entry), default=None)
        if best is not None:
            context.report("validation_iou", best)
            if best < WORTHLESS_IOU:
                sign = f"best IoU {best:.3g} of boxes on {len(held_out)} validation planes"
                losses = [entry["loss"] for entry in history]
                context.log(f"{self.where}: {found_nothing(sign, losses, self.options.iterations)}")
        network.write(model, spec, trained.network, {"history": history, "best_iteration": trained.best_iteration})

    def _planes(self, examples: Sequence[Example], where: str) -> list[LabelledPlane]:
        """Return every chosen plane with an object."""
        found = []
        for example, (_, labels) in zip(examples, training_pairs(examples, where), strict=True):
            image = example.inputs["image"]
            for plane in self.options.planes(image.grid, where):
                truth = plane_of(labels, labels.ndim, plane)
                if truth.any():
                    found.append(LabelledPlane(as_rgb(image, plane, self.options.grey_values, where), truth))
        return found

    def load(self, context: Context) -> None:
        """Read the checkpoint that `fit` has written."""
        if context.model is None:
            raise DataError(f"{self.where}: no trained model; accepted: the folder that `fit` has written")
        self.held = network.TransformersSam.load(context.model, choose(context.device, "float32", 2))

    def run(self, inputs: Mapping[str, Any], context: Context) -> Masks:
        """Return the masks of a grid of points on each plane; reports "masks"."""
        image: Volume = inputs["image"]
        options, planes = self.options, self.options.planes(image.grid, self.where)
        with torch_threads(context.threads):
            features = encode(self.held, image, planes, options.grey_values, self.where)
            prompts = grid_prompts(image.grid, planes, options.per_side)
            masks = decode(self.held, features, prompts, options.rules(), context.device, self.where)
        context.report("masks", len(masks))
        return masks
