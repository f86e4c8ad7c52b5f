"""Patch and halo for a volume as a table of facts: by the rule of a program and by the rule that a text prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TypeAlias

from harness.errors import ParameterError
from harness.stages.nets.halo import receptive_halo, tile_halo
from harness.stages.nets.networks import NetworkSpec, feature_maps
from harness.stages.nets.patches import RULES, patch_and_halo

Fact: TypeAlias = str | int | float | tuple[int, ...]
WIDTH = 16
"""Feature maps of the finest level; halos do not depend on it."""


def patch_statements(volume: Sequence[int], feasible: Sequence[int], levels: int) -> Mapping[str, Fact]:
    """Return halo, patch and use of memory for a volume, by each rule, and whether the rules agree.

    Args:
        volume: sides of the volume in voxels, one for each axis.
        feasible: sides of the largest network input that fits in memory.
        levels: resolutions of a plain U-Net, whose halo it is.

    A rule that gives a patch without voxels has the patch "none" and nothing else.
    """
    spec = NetworkSpec(ndim=len(volume), f_maps=feature_maps(WIDTH, levels))
    halo = (receptive_halo(spec),) * len(volume)
    facts: dict[str, Fact] = {"halo": receptive_halo(spec), "halo_exact": tile_halo(spec)}
    found = {}
    for rule in RULES:
        try:
            patch, margin = found[rule] = patch_and_halo(volume, feasible, halo, rule=rule)
        except ParameterError:
            facts[f"patch_{rule}"] = "none"
            continue
        seen = prod(side + 2 * step for side, step in zip(patch, margin, strict=True))
        facts |= {f"patch_{rule}": patch, f"halo_{rule}": margin, f"used_{rule}": seen / prod(feasible)}
    facts["agree"] = "yes" if len(found) == len(RULES) and len(set(found.values())) == 1 else "no"
    return facts
