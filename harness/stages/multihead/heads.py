"""What the heads of a network read and learn, as they are named in a suite: "clear+wall", "nuclei", "nuclei/cells".

An input head is a list of image channels joined by "+". An output head is a list of structures joined by "+"; a
structure is a slot of labels, or the union of several joined by "/". Each structure has two channels, its foreground
and its boundaries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import DataError, nearest
from harness.model import Volume
from harness.stages.contract import Example
from harness.stages.examples import channels_first, consecutive
from harness.stages.unet.targets import OUTPUTS, training_targets

WITHIN = "+"
UNION = "/"


@dataclass(frozen=True, slots=True)
class HeadNames:
    """The heads of a network: channels by input head, structures by output head."""

    inputs: tuple[tuple[str, ...], ...]
    outputs: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, inputs: Sequence[str], outputs: Sequence[str]) -> HeadNames:
        """Return the heads that strings name."""
        split = (tuple(tuple(head.split(WITHIN)) for head in heads) for heads in (inputs, outputs))
        return cls(*split)

    @property
    def structures(self) -> tuple[str, ...]:
        """The structures in the order of the output channels."""
        return tuple(structure for head in self.outputs for structure in head)

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the output channels."""
        return tuple(f"{structure}:{output}" for structure in self.structures for output in OUTPUTS)

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of labels that are learnt, each once."""
        return tuple(dict.fromkeys(slot for structure in self.structures for slot in structure.split(UNION)))

    @property
    def problem(self) -> str:
        """What is wrong with the names, "" if nothing is."""
        for kind, heads in (("inputs", self.inputs), ("outputs", self.outputs)):
            if not heads or not all(name and all(name.split(UNION)) for head in heads for name in head):
                return f"'{kind}' is {[WITHIN.join(head) for head in heads]}; accepted: heads with a name in each place"
        if len(set(self.structures)) < len(self.structures):
            return f"'outputs' names {list(self.structures)}; accepted: each structure once"
        return ""

    def image(self, volume: Volume, where: str) -> np.ndarray:
        """Return the channels of all input heads, float32 C(Z)YX; one that two heads name stands there twice.

        Raises `DataError` for a channel that the image does not have.
        """
        array = channels_first(volume, where)
        known = volume.channels or ("",) * len(array)
        for name in (name for head in self.inputs for name in head):
            if name not in known:
                raise DataError(f"{where}: a head names the channel '{name}'{nearest(name, volume.channels)}")
        return np.stack([array[known.index(name)] for head in self.inputs for name in head])

    def labels(self, example: Example, where: str) -> np.ndarray:
        """Return the labels of all slots, int32 (L, (Z)YX), in the order of `slots`; a slot may be 0 everywhere.

        Raises `DataError` for labels of another shape than the image.
        """
        shape = example.inputs["image"].grid.shape
        stacked = []
        for slot in self.slots:
            labels = consecutive(example.targets[slot].array)
            if labels.shape != shape:
                raise DataError(f"{where}: the image has shape {shape} and its labels '{slot}' {labels.shape}")
            stacked.append(labels.astype(np.int32))
        return np.stack(stacked)

    def targets(self, labels: np.ndarray, structures: Sequence[str]) -> np.ndarray:
        """Return the maps of some structures, float32 (2 S, (Z)YX), from labels stacked in the order of `slots`.

        The boundaries of a union are those of any of its slots.
        """
        maps = []
        for structure in structures:
            parts = [training_targets(labels[self.slots.index(slot)], OUTPUTS) for slot in structure.split(UNION)]
            maps.append(np.maximum.reduce(parts))
        return np.concatenate(maps)
