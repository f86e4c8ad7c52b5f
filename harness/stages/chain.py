"""Checks of chains: statically when a suite is loaded, and of each output when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.errors import ChainError, LabelError
from harness.model import Volume
from harness.stages.contract import GROUND_TRUTH, Stage

LABEL_SLOTS = ("labels", "superpixels")


def check_chain(stages: Sequence[Stage], given: Sequence[str], where: str) -> None:
    """Raise `ChainError` unless every stage finds its inputs and the chain ends with labels.

    `given` are the slots the data provides ("image", "truth", and "nuclei" where the dataset has them).
    """
    if not stages:
        raise ChainError(f"{where}: the chain is empty; it needs at least one stage that makes labels")
    present = set(given)
    for number, stage in enumerate(stages, start=1):
        for slot in stage.inputs:
            if slot not in present:
                raise ChainError(
                    f"{where}: stage {number} '{stage.id}' reads '{slot}', which nothing before it makes; "
                    f"present: {', '.join(sorted(present))}"
                )
        if GROUND_TRUTH in stage.inputs and "controls" not in type(stage).__module__:
            raise ChainError(f"{where}: stage {number} '{stage.id}' reads the ground truth and is not a control")
        present.update(stage.outputs)
    if "labels" not in {slot for stage in stages for slot in stage.outputs}:
        raise ChainError(f"{where}: no stage of the chain makes 'labels'")


def checked_outputs(
    stage: Stage, inputs: Mapping[str, Volume], returned: Volume | Mapping[str, Volume]
) -> dict[str, Volume]:
    """Return what a stage made, one `Volume` per declared slot; raises `LabelError` or `ChainError` if it is wrong."""
    outputs = {stage.outputs[0]: returned} if isinstance(returned, Volume) else dict(returned)
    if set(outputs) != set(stage.outputs):
        raise ChainError(f"stage '{stage.id}' returned {sorted(outputs)}; declared: {sorted(stage.outputs)}")
    expected = next(iter(inputs.values())).grid.shape
    for slot, volume in outputs.items():
        if not stage.changes_grid and volume.grid.shape != expected:
            raise LabelError(
                f"stage '{stage.id}' returned {slot} of shape {volume.grid.shape}; its input has {expected}"
            )
        if slot in LABEL_SLOTS:
            _check_labels(stage.id, slot, volume)
    return outputs


def _check_labels(stage: str, slot: str, volume: Volume) -> None:
    dtype = volume.array.dtype
    if dtype.kind not in "iu":
        raise LabelError(f"stage '{stage}' returned {slot} of type {dtype}; accepted: integers")
    if dtype.kind == "i" and volume.array.size and int(volume.array.min()) < 0:
        raise LabelError(f"stage '{stage}' returned {slot} with negative values; accepted: 0 and above")
