"""The stage `spoco`: image to pixel embeddings, learnt from all objects or from a few, trained here or with weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DataError
from harness.model import Volume
from harness.stages.contract import Context, Example, Stage
from harness.stages.examples import channels_first, found_nothing, require_objects, training_pairs
from harness.stages.nets import compute, training
from harness.stages.nets.build import build_network
from harness.stages.nets.heads import activated
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.predicting import Predictor, check_size
from harness.stages.nets.sampling import TrainingVolume, require_patch, training_volumes
from harness.stages.nets.twin import MomentumTwin
from harness.stages.spoco.checkpoints import read_pair, save_pair
from harness.stages.spoco.heads import embedding_head
from harness.stages.spoco.objects import sparse_labels
from harness.stages.spoco.options import SpocoOptions
from harness.stages.spoco.terms import Terms

if TYPE_CHECKING:
    import torch

    from harness.stages.nets.twin import Compare


class Spoco(Stage):
    """Embeddings in which the voxels of an object lie near each other and those of two objects apart.

    A network learns from the labelled objects of one view of an image, and from its slow twin, which sees another view,
    where nothing is labelled. All that is random in training comes from the draw that rows share, so that rows which
    differ in a term or a weight label the same objects and start alike. Each channel of the image is standardised over
    the whole image. Spacing plays no part.
    """

    id = "spoco"
    title = "SPOCO: pixel embeddings from sparse objects"
    outputs = ("embedding", "embedding-twin")
    needs = ("torch", "scipy")
    extra = "torch"
    devices = ("cpu", "cuda")
    licence = "MIT"
    citation = "Wolny et al. 2022, CVPR, arXiv:2103.14572"

    Options = SpocoOptions
    options: SpocoOptions

    def makes(self) -> tuple[str, ...]:
        """Return the embedding, and that of the twin if it is asked for."""
        return self.outputs if self.options.twin else self.outputs[:1]

    def trains(self) -> bool:
        """Whether there are no given weights."""
        return not self.options.weights

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Train on the labelled objects of the examples and write both networks; facts are how many objects those are.

        Validation examples keep all their objects; without them the last weights count. Raises `DataError` for examples
        without any object, of different channel numbers, with values that are not finite, or smaller than the patch.
        """
        options, where = self.options, f"{self.where}: training"
        pairs = training_pairs(training, where)
        require_objects(pairs, where)
        drawn = sparse_labels([labels for _, labels in pairs], options.labelled, options.labelled_over, context.draw)
        context.report("objects", drawn.objects)
        context.report("labelled_objects", drawn.labelled)
        images = [image for image, _ in pairs]
        volumes = training_volumes(zip(images, drawn.labels, strict=True), plane_wise=options.plane_wise)
        others = training_pairs(validation, f"{self.where}: validation")
        held_out = training_volumes(others, plane_wise=options.plane_wise)
        spec = options.network(ndim=volumes[0].labels.ndim, in_channels=len(volumes[0].image))
        spec.check(self.where)
        for volume in [*volumes, *held_out]:
            check_size(volume.shape, spec, self.where)
        require_patch(options.plan(ndim=spec.ndim).patch, volumes, self.where)
        with compute.torch_threads(context.threads), compute.seeded(context.draw):
            self._train(spec, volumes, held_out, context, model)

    def _train(
        self,
        spec: NetworkSpec,
        volumes: Sequence[TrainingVolume],
        held_out: Sequence[TrainingVolume],
        context: Context,
        model: Path,
    ) -> None:
        options = self.options
        terms = options.terms(sparse=options.sparse)
        network, twin = build_network(spec), None
        how = compute.choose(context.device, options.precision, spec.ndim)
        if options.base:
            base = read_pair(context.weights["base"], allow_pickle=options.allow_pickle)
            base.load(network, spec)
            if base.twin:
                twin = build_network(spec)
                base.load_twin(twin, spec)
                how.place(twin)
        companion = MomentumTwin(
            _compared(terms), weight=terms.consistency, momentum=options.momentum, views=2, start=twin
        )
        trained = training.train(
            network,
            (embedding_head(options.channels, terms),),
            volumes,
            held_out,
            plan=options.plan(ndim=spec.ndim),
            compute=how,
            seed=context.draw,
            workers=max(1, context.threads - 1) if context.device.startswith("cuda") else 1,
            log=context.log,
            report=context.report,
            companion=companion,
        )
        losses = [entry["loss"] for entry in trained.history]
        if len(losses) > 1 and min(losses[1:]) >= losses[0]:
            context.log(f"{self.where}: {found_nothing('the loss did not fall', losses, trained.iterations)}")
        save_pair(model, spec, trained.network, companion.result(), training.history_json(trained))

    def load(self, context: Context) -> None:
        """Read the given or trained weights; dimensions and input channels are those of the weights.

        Raises `DataError` for weights of another network, and for those without a twin where it is to predict.
        """
        source = context.weights.get("weights") or context.model
        if source is None:
            raise DataError(f"{self.where}: neither weights nor a trained model; accepted: one of them")
        state = read_pair(source, allow_pickle=self.options.allow_pickle)
        found = state.spec or self.options.network(ndim=len(context.grid.shape), in_channels=1)
        spec = self.options.network(ndim=found.ndim, in_channels=found.in_channels)
        spec.check(self.where)
        how = compute.choose(context.device, self.options.precision, spec.ndim)
        self._predictors = []
        for load in (state.load, state.load_twin)[: len(self.makes())]:
            network = build_network(spec)
            load(network, spec)
            placed, options = how.place(network).eval(), self.options
            self._predictors.append(Predictor(placed, spec, how, options, self.where, options.plane_wise))

    def run(self, inputs: Mapping[str, Volume], context: Context) -> dict[str, Volume]:
        """Return the embedding (float32, C(Z)YX), and that of the twin, which sees the second view of the image."""
        volume, options = inputs["image"], self.options
        image = compute.standardised(channels_first(volume, self.where))
        head = embedding_head(options.channels, options.terms(sparse=options.sparse))
        views = (image, options.view(options.second_view)(image, context.rng())) if options.twin else (image,)
        with compute.torch_threads(context.threads):
            arrays = [
                predictor(view, activated((head,)), context.log)
                for predictor, view in zip(self._predictors, views, strict=True)
            ]
        return {
            slot: Volume(array, f"C{volume.grid.axes}", volume.spacing_um, head.channels)
            for slot, array in zip(self.makes(), arrays, strict=True)
        }


def _compared(terms: Terms) -> Compare | None:
    """Return what compares the network with its twin; None where no voxel is unlabelled."""
    from harness.stages.spoco import _losses

    def compare(raw: torch.Tensor, slow: torch.Tensor, targets: Sequence[torch.Tensor]) -> torch.Tensor:
        return _losses.consistency(raw, slow, targets[0], terms)

    return compare if terms.sparse else None
