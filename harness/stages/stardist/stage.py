"""What the 2D and the 3D stage share: fit, load and run around the library's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.errors import ChainError, DataError
from harness.model import Volume
from harness.stages.contract import Context, Example, Stage
from harness.stages.examples import channels_first, found_nothing, ignored_masks, require_objects, training_pairs
from harness.stages.slots import CONFIDENCES, LABELS
from harness.stages.stardist import session, training
from harness.stages.stardist.options import StarDistOptions, VolumeOptions
from harness.stages.stardist.probabilities import label_probabilities
from harness.stages.stardist.weights import build_model, read_model, require_architecture
from harness.stages.values import Confidences, Value


class StarDistStage(Stage):
    """A StarDist network: trained by `fit`, or read from the folder or zip of `weights`.

    Pixels to be ignored are left out of the loss of probabilities, and objects end there; in the search of thresholds
    they are background. Training on a CPU is bit-reproducible: the same examples, parameters, seed and number of
    threads give the same weights (TensorFlow's deterministic operations are switched on, patches and augmentation are
    seeded).
    The model folder holds config.json, weights_best.h5, thresholds.json (the library's own files: it can be given as
    `weights`) and training.json (losses, anisotropy, where the thresholds come from).
    """

    outputs = (LABELS, CONFIDENCES)
    needs = ("stardist", "tensorflow")
    extra = "stardist"
    devices = ("cpu", "cuda")
    licence = "BSD-3-Clause"
    model_class: ClassVar[str]
    options: StarDistOptions

    @property
    def axes(self) -> str:
        """The axes that the network takes."""
        return self.options.axes

    def trains(self) -> bool:
        """Return whether no trained model is given."""
        return not self.options.weights

    def gpu_problem(self) -> str:
        """Why TensorFlow can use no GPU; that torch can says nothing of it."""
        return session.gpu_problem()

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train, search the thresholds, and write the library's files and training.json into `model`.

        Raises `DataError` for examples without any object, of different channel numbers, with values that are not
        finite, or smaller than the patch. Validation examples may be smaller: they are mirrored at their borders for
        the validation loss, and searched for thresholds as they are.
        """
        session.start_seeded(context)
        where = self.where
        learn = [self._prepared(*pair) for pair in _checked(training, where)]
        watch = [self._prepared(*pair) for pair in _marked(validation, f"{where}: validation")]
        self._train(learn, watch, context, model)

    def _train(self, learn: list[training.Pair], watch: list[training.Pair], context: Context, folder: Path) -> None:
        where, options = self.where, self.options
        extents = (
            training.anisotropy(options, [np.maximum(labels, 0) for _, labels in learn + watch])
            if isinstance(options, VolumeOptions)
            else ()
        )
        with session.output_to(context.log):
            config = training.network_config(options, learn[0][0].shape[-1], extents)
            model = _library(self.model_class)(config, name=folder.name, basedir=str(folder.parent))
            multiples = model._axes_div_by(self.axes)
            training.require_patch_fits(learn, options.patch, multiples, where)
            losses = training.train(model, learn, watch, options, context)
            thresholds = training.search_thresholds(model, watch, options)
        if thresholds["source"].endswith(training.NO_MATCH):
            epochs, per_epoch = training.budget(options)
            context.log(f"{where}: {found_nothing(training.NO_MATCH, losses['loss'], epochs * per_epoch)}")
        training.write_json(folder / "thresholds.json", {name: thresholds[name] for name in ("prob", "nms")})
        record = {
            "anisotropy": list(extents),
            "examples": len(learn),
            "validation": len(watch) or "none: schedule and checkpoint follow patches of the training examples",
            "seed": context.seed,
            "thresholds": thresholds,
            "losses": losses,
        }
        training.write_json(folder / "training.json", record)

    def load(self, context: Context) -> None:
        """Build the network and read its weights and thresholds; raises `DataError` if they do not fit.

        Backbone, grid and rays of given weights must be those of the parameters.
        """
        source = context.weights["weights"] if self.options.weights else context.model
        if source is None:
            raise ChainError(f"{self.where} has no model: fit it or give 'weights'")
        session.start(context)
        files = read_model(source, context.scratch)
        with session.output_to(context.log):
            self.model = build_model(_library(self.model_class), files)
        require_architecture(self.model.config, self.options, self.where)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Mapping[str, Value]:
        """Return uint32 labels of the image and the object probability of each.

        Objects that overlap are cut in the order of their probability; one that lies wholly in surer ones is gone.
        """
        image = inputs["image"]
        where = self.where
        array = channels_first(image, where)
        accepted = self.model.config.n_channel_in
        if image.grid.axes != self.axes or len(array) != accepted:
            raise DataError(
                f"{where}: the image has axes {image.grid.axes} and {len(array)} channels; "
                f"the model accepts {self.axes} with {accepted}"
            )
        network_input, _ = self._prepared(array, np.zeros(0))
        config = self.model.config
        tiles = training.tile_counts(
            image.grid.shape, self.options.tiles, config.train_patch_size, config.train_batch_size
        )
        with session.output_to(context.log):
            labels, found = self.model.predict_instances(
                network_input,
                axes=f"{self.axes}C",
                n_tiles=(*tiles, 1),
                prob_thresh=self.options.prob_threshold or None,
                nms_thresh=self.options.nms_threshold or None,
                show_tile_progress=False,
            )
            probabilities = label_probabilities(labels, found)
        made = Volume(labels.astype(np.uint32), self.axes, image.spacing_um)
        return {LABELS: made, CONFIDENCES: Confidences.of(made.grid, probabilities)}

    def _prepared(self, image: np.ndarray, labels: np.ndarray) -> training.Pair:
        """Return the image with its percentiles at 0 and 1 and its channels last."""
        from csbdeep.utils import normalize

        low, high = self.options.percentiles
        spatial = tuple(range(1, image.ndim))
        return np.moveaxis(normalize(image, low, high, axis=spatial), 0, -1), labels


def _checked(examples: Sequence[Example], where: str) -> list[tuple[np.ndarray, np.ndarray]]:
    pairs = _marked(examples, where)
    require_objects([(image, np.maximum(labels, 0)) for image, labels in pairs], where)
    return pairs


def _marked(examples: Sequence[Example], where: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return images and labels, -1 in what is to be ignored: the library's loss leaves out such pixels."""
    pairs, masks = training_pairs(examples, where), ignored_masks(examples, where)
    return [
        (image, labels if mask is None else np.where(mask, np.int32(-1), labels))
        for (image, labels), mask in zip(pairs, masks, strict=True)
    ]


def _library(name: str) -> Any:
    import stardist.models

    return getattr(stardist.models, name)
