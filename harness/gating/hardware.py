"""Records of trained networks from two kinds of hardware: their scores agree nearly, not bit for bit.

Libraries choose convolution kernels, block sizes and the order of sums by processor, GPU and number of threads.
Training amplifies the last bit over hundreds of steps, and a threshold turns it into an object more or less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.store import Record

FACTS = ("cpu", "gpus", "threads")
"""What of an environment decides how a network computes. Versions of packages do too, but a gate is to judge those."""

Environments = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class OtherHardware:
    """Says which pairs of records cannot be expected to agree exactly, and how nearly they must.

    `tolerance` is by metric; a metric that it does not name is not judged between two kinds of hardware.
    """

    before: Environments = field(default_factory=dict)
    after: Environments = field(default_factory=dict)
    tolerance: Mapping[str, float] = field(default_factory=dict)

    def difference(self, before: Record, after: Record) -> str:
        """Return how the hardware of two records of a network differs, "" where they are to agree exactly.

        That is so too for cells without a network, and where one side's environment was not kept.
        """
        if not (_has_network(before) or _has_network(after)):
            return ""
        here, there = self.before.get(before.environment), self.after.get(after.environment)
        if here is None or there is None:
            return ""
        differing = [fact for fact in FACTS if here.get(fact) != there.get(fact)]
        return ", ".join(f"{fact} {_text(here.get(fact))} -> {_text(there.get(fact))}" for fact in differing)


SAME_HARDWARE = OtherHardware()
"""Knows no environment, and so excuses nothing."""


def _has_network(record: Record) -> bool:
    """Return whether a stage was fitted or read weights; a failed record says nothing of its stages."""
    return any(stage.model is not None or stage.weights for stage in record.stages)


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
