"""The stage `unet-zoo`: published U-Nets of the PlantSeg lineage, whose shape is read off their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from harness.errors import ChainError, DataError
from harness.model import Volume
from harness.parameters import option
from harness.stages.contract import Context, Example
from harness.stages.nets import checkpoints, compute
from harness.stages.nets.build import build_network
from harness.stages.nets.predicting import Predictor
from harness.stages.unet.options import UNetOptions
from harness.stages.unet.stage import UNetStage


class ZooOptions(UNetOptions):
    """Those of `unet` that act in prediction; what the network is, its weights say."""

    slot: Literal["probability", "foreground", "boundary"] = option(
        "probability", "all channels, called as `outputs` says, or the first one as what it is", when="run"
    )


class UNetZoo(UNetStage):
    """Run a network of the zoo as it is: widths, levels, norm and channels are those of its weights.

    The activation and the group count leave no trace in weights: ReLU and 8 are taken, which all of the zoo have.
    """

    id = "unet-zoo"
    title = "U-Net of PlantSeg's zoo"
    Options = ZooOptions
    options: ZooOptions

    def makes(self) -> tuple[str, ...]:
        """Return the slot that `slot` names."""
        return (self.options.slot,)

    def trains(self) -> bool:
        """Return False: the networks are published."""
        return False

    def fit(self, training: Sequence[Example], validation: Sequence[Example], context: Context, model: Path) -> None:
        """Raise `ChainError`: there is nothing to train."""
        raise ChainError(f"stage '{self.id}' does not train; accepted: weights")

    def load(self, context: Context) -> None:
        """Read the weights and build what they are of; raises `DataError` for none, and for those of another family."""
        source = context.weights.get("weights")
        if source is None:
            raise DataError(f"{self.where}: 'weights' is empty; accepted: the id of weights, or a path")
        file = checkpoints.weights_file(source)
        state = checkpoints.read_state(file, allow_pickle=self.options.allow_pickle)
        spec = checkpoints.infer_spec(state)
        if spec is None:
            raise DataError(f"{self.where}: {file} holds no U-Net of the pytorch-3dunet family; accepted: one of these")
        names = self.options.outputs
        if self.options.slot == "probability" and len(names) != spec.out_channels:
            raise DataError(
                f"{self.where}: the network has {spec.out_channels} output channels, 'outputs' names {len(names)} "
                f"({', '.join(names)}); accepted: a name for each, or another 'slot'"
            )
        network = build_network(spec)
        checkpoints.load_state(network, spec, state, where=str(file))
        how = compute.choose(context.device, self.options.precision, spec.ndim)
        placed, options = how.place(network).eval(), self.options
        self._predictor = Predictor(placed, spec, how, options, self.where, options.plane_wise)

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the probability, float32 C(Z)YX, or its first channel, (Z)YX."""
        whole = super().run(inputs, context)
        if self.options.slot == "probability":
            return whole
        return Volume(whole.array[0], whole.grid.axes, whole.spacing_um)
