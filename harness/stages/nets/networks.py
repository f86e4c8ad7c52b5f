"""Shapes of U-Nets as plain data: what a network is before torch is imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any, Literal, get_args

from harness.errors import ParameterError

Architecture = Literal["unet", "residual-unet"]
KINDS: tuple[Architecture, ...] = get_args(Architecture)
ORDER_LETTERS = "gbcrled"
"""g group norm, b batch norm, c convolution, r ReLU, l leaky ReLU, e ELU, d dropout."""


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """Everything that determines the tensors of a network.

    `f_maps` are the widths of the levels from fine to coarse; `order` lists the layers of one convolution step
    (`ORDER_LETTERS`); `groups` is the group count of group norm, 1 where a layer has fewer channels than that.
    """

    kind: Architecture = "unet"
    ndim: int = 3
    in_channels: int = 1
    out_channels: int = 2
    f_maps: tuple[int, ...] = (16, 32, 64, 128)
    order: str = "gcr"
    groups: int = 8

    @property
    def levels(self) -> int:
        """Number of resolutions; between two of them every axis is halved."""
        return len(self.f_maps)

    @property
    def multiple(self) -> int:
        """The step of the coarsest level in pixels: sizes and offsets that are multiples of it pool alike."""
        return 1 << (self.levels - 1)

    @property
    def title(self) -> str:
        """A short description for messages, such as "unet 3D 1->2, f_maps 16,32,64,128, gcr"."""
        widths = ",".join(str(width) for width in self.f_maps)
        return f"{self.kind} {self.ndim}D {self.in_channels}->{self.out_channels}, f_maps {widths}, {self.order}"

    def largest_map(self, shape: Sequence[int]) -> int:
        """Return the elements of the largest feature map for an input of this shape: at its finest level."""
        joined = self.f_maps[0] if self.kind == "residual-unet" else self.f_maps[0] + self.f_maps[1]
        return max(joined, self.in_channels, self.out_channels) * prod(shape)

    def check(self, where: str) -> None:
        """Raise `ParameterError` if no network of this shape exists; `where` begins the message."""
        if self.problem:
            raise ParameterError(f"{where}: {self.problem}")

    @property
    def problem(self) -> str:
        """Why no network of this shape exists, "" if it does."""
        if self.kind not in KINDS:
            return f"network '{self.kind}'; accepted: {', '.join(KINDS)}"
        if self.ndim not in (2, 3):
            return f"a network of {self.ndim} dimensions; accepted: 2, 3"
        if self.levels < 2 or min(self.f_maps) < 1:
            return f"feature maps {self.f_maps}; accepted: at least two positive widths"
        unknown = set(self.order) - set(ORDER_LETTERS)
        if unknown or self.order.count("c") != 1 or self.order[0] in "rle":
            return (
                f"layer order '{self.order}'; accepted: letters of '{ORDER_LETTERS}' with one 'c' "
                "and no activation in front"
            )
        uneven = sorted(width for width in self._normed() if width > self.groups and width % self.groups)
        if "g" in self.order and uneven:
            return (
                f"{uneven[0]} channels cannot be split into {self.groups} groups; "
                "accepted: widths below the group count or multiples of it, sums of neighbouring levels included"
            )
        return ""

    def _normed(self) -> set[int]:
        if self.kind == "residual-unet":
            return set(self.f_maps)
        middles = {max(self.f_maps[0] // 2, self.in_channels)}
        joined = {fine + coarse for fine, coarse in zip(self.f_maps, self.f_maps[1:], strict=False)}
        return {self.in_channels, *self.f_maps, *middles, *joined}

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form kept beside trained weights."""
        return {**asdict(self), "f_maps": list(self.f_maps)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> NetworkSpec:
        """Return the spec of a JSON form; raises KeyError if an entry is missing."""
        return cls(
            kind=value["kind"],
            ndim=value["ndim"],
            in_channels=value["in_channels"],
            out_channels=value["out_channels"],
            f_maps=tuple(value["f_maps"]),
            order=value["order"],
            groups=value["groups"],
        )


def feature_maps(first: int, levels: int) -> tuple[int, ...]:
    """Return widths that double from level to level.

    >>> feature_maps(16, 4)
    (16, 32, 64, 128)
    """
    return tuple(first * 2**level for level in range(levels))
