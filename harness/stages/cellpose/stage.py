"""The stage `cellpose`: version 3.1 of the library, trained here, fine-tuned or with given weights."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.errors import ChainError, DataError
from harness.model import Volume
from harness.stages.arrays import labels_on, spacing_of
from harness.stages.cellpose import network, planes, stitching, training
from harness.stages.cellpose.options import CellposeOptions
from harness.stages.cellpose.predicting import anisotropy_of, require_mode
from harness.stages.contract import Context, Example, Stage
from harness.stages.examples import channels_first, found_nothing, require_objects, training_pairs
from harness.stages.nets.compute import choose, torch_threads
from harness.stages.slots import TRUTH

LOOKED_AT = 2
"""Training planes on which a trained network must find an object, or the user is told."""


class Cellpose(Stage):
    """Flows and probabilities of a 2D network, and the dynamics that gather pixels into masks.

    A 2D image is segmented as it is; `mode` says how planes of a volume become 3D masks. The validation examples are
    not used: the library's trainer keeps the network of its last epoch. Its loss can leave out no pixels: what is to be
    ignored is taught as background, and objects end there. Training on a CPU is bit-reproducible for the same examples,
    parameters, seed and number of threads; the seed draws the initial weights and the order of planes (the library
    itself reseeds its augmentation with the number of each epoch).
    """

    id = "cellpose"
    title = "Cellpose 3"
    version = 2
    needs = ("cellpose", "torch")
    needs_versions = ("cellpose<4",)
    extra = "cellpose"
    devices = ("cpu", "cuda")
    licence = "BSD-3-Clause"
    citation = "https://doi.org/10.1038/s41592-020-01018-x"

    Options = CellposeOptions
    options: CellposeOptions

    def trains(self) -> bool:
        """Return whether no trained model is given."""
        return not self.options.weights

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train on planes of the examples and write cellpose.pt and training.json into `model`.

        Raises `DataError` for examples without objects, with values that are not finite, with more than two channels,
        or without a plane that has `min_train_masks` objects.
        """
        where = self.where
        pairs = training_pairs(training, where)
        require_objects(pairs, where)
        self._train(pairs, [example.targets[TRUTH] for example in training], context, model)

    def _train(self, pairs: list[planes.Pair], truths: list[Volume], context: Context, folder: Path) -> None:
        options = self.options
        where = self.where
        if options.isotropic_training:
            pairs = [
                training.isotropic(image, labels, spacing_of(truth.grid, where))
                for (image, labels), truth in zip(pairs, truths, strict=True)
            ]
        pairs = [(planes.two_channels(image, where), labels) for image, labels in pairs]
        cut = planes.training_planes(pairs, options.training_planes, options.every, options.min_train_masks, where)
        compute = choose(context.device, options.precision, 2)
        with torch_threads(context.threads):
            training.seed(context.seed)
            if options.base:
                net = network.load_network(context.weights["base"], options.diam_mean, compute)
            else:
                diameter = options.diam_mean or network.SCRATCH_DIAMETER
                net = network.build_network(options.filters, diameter, compute)
            losses = training.train(net, cut, options, context)
            fullest = sorted(cut, key=lambda pair: int(pair[1].max()))[-LOOKED_AT:]
            if not training.objects_on(fullest, net, options, compute.device):
                sign = f"no object on the {len(fullest)} training planes that hold most"
                steps = options.epochs * math.ceil((options.planes_per_epoch or len(cut)) / options.batch)
                context.log(f"{where}: {found_nothing(sign, losses, steps)}")
        network.save_network(net, folder)
        record = {
            "planes": len(cut),
            "losses": losses,
            "seed": context.seed,
            "precision": compute.precision,
            "diam_mean": float(net.diam_mean),
            "diam_labels": float(net.diam_labels),
        }
        (folder / "training.json").write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def load(self, context: Context) -> None:
        """Read the network; raises `DataError` if the checkpoint is not one of it."""
        source = context.weights["weights"] if self.options.weights else context.model
        if source is None:
            raise ChainError(f"{self.where} has no model: fit it or give 'weights'")
        options = self.options
        compute = choose(context.device, options.precision, 2)
        self.model = training.library_model(network.load_network(source, options.diam_mean, compute), compute.device)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return uint32 labels of the image."""
        image = inputs["image"]
        options = self.options
        where = self.where
        array = planes.two_channels(channels_first(image, where), where)
        in_3d = require_mode(options.mode, image, where)
        stacked = array.ndim == 4 and array.shape[1] > 1
        if stacked and not in_3d and not options.stitch_threshold:
            raise DataError(f"{where}: planes of a volume need a 'stitch_threshold' above 0")
        with torch_threads(context.threads), stitching.mended():
            masks, _, _ = self.model.eval(
                np.moveaxis(array, 0, -1),
                batch_size=options.prediction_batch,
                channel_axis=array.ndim - 1,
                z_axis=0 if array.ndim == 4 else None,
                normalize={
                    "percentile": list(options.percentiles),
                    "norm3D": in_3d or options.normalise == "volume",
                },
                diameter=options.diameter or None,
                flow_threshold=options.flow_threshold,
                cellprob_threshold=options.cellprob_threshold,
                do_3D=in_3d,
                anisotropy=anisotropy_of(options.anisotropy, image, where) if in_3d else None,
                stitch_threshold=options.stitch_threshold if stacked and not in_3d else 0.0,
                min_size=options.min_size,
                niter=options.niter or None,
                tile_overlap=options.tile_overlap,
            )
        return labels_on(np.asarray(masks).reshape(image.grid.shape).astype(np.uint32), image)
