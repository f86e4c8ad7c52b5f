"""Shapes of networks with several heads as plain data: an encoder an input head, a decoder an output head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.stages.nets.networks import NetworkSpec


@dataclass(frozen=True, slots=True)
class HeadsSpec:
    """A U-Net whose encoders and decoders are those of `base`.

    inputs   channels of each input head, in the order of the image's channels
    outputs  channels of each output head
    """

    base: NetworkSpec
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def joined(self) -> NetworkSpec:
        """The single network that computes about as much: for what asks for sizes of feature maps."""
        widths = tuple(width * len(self.inputs) for width in self.base.f_maps)
        base = self.base
        return NetworkSpec(
            base.kind, base.ndim, sum(self.inputs), sum(self.outputs), widths, order=base.order, groups=base.groups
        )

    @property
    def problem(self) -> str:
        """Why no network of this shape exists, "" if it does."""
        if self.base.kind != "unet":
            return f"network '{self.base.kind}' with heads; accepted: unet"
        return self.base.problem or self.joined.problem

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form kept beside trained weights."""
        return {"base": self.base.to_json(), "inputs": list(self.inputs), "outputs": list(self.outputs)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> HeadsSpec:
        """Return the spec of a JSON form; raises KeyError if an entry is missing."""
        return cls(NetworkSpec.from_json(value["base"]), tuple(value["inputs"]), tuple(value["outputs"]))
