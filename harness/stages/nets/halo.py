"""How much context a U-Net's output pixel depends on, and how much of it a tile must carry."""

from __future__ import annotations

from harness.stages.nets.networks import NetworkSpec

KERNEL_REACH = 1
"""Pixels that a kernel of 3 reaches to each side."""
STEP_REACH = 2 * KERNEL_REACH
"""What the two convolutions of a level reach together."""


def receptive_halo(spec: NetworkSpec) -> int:
    """Return the halo of a network in pixels: the sum over its convolutions of reach times 2 to the power of the level.

    Thesis equation 3.1: 44, 92 and 188 for plain U-Nets of 4, 5 and 6 levels. The transposed convolutions of residual
    networks count at the level they raise to.
    """
    encoder = sum(STEP_REACH << level for level in range(spec.levels))
    decoder = sum(STEP_REACH << level for level in range(spec.levels - 1))
    raised = sum(KERNEL_REACH << level for level in range(spec.levels - 1)) if spec.kind == "residual-unet" else 0
    return encoder + decoder + raised


def tile_halo(spec: NetworkSpec) -> int:
    """Return the smallest halo with which a tile's core is predicted as in the whole volume, batch norm given.

    The core and the tile must start on the step of the coarsest level: pooling joins fixed groups of pixels, and
    another offset joins others. The sum of `receptive_halo` does not count what these groups reach beyond a pixel:
    48, 96 and 192 are needed with 4, 5 and 6 levels.
    """
    edge = 0
    for _ in range(spec.levels - 1):
        edge -= STEP_REACH
        edge = -(-edge // 2) - 1 if spec.kind == "residual-unet" else edge // 2
    edge -= STEP_REACH
    for _ in range(spec.levels - 1):
        edge = 2 * edge - STEP_REACH
    return round_up(-edge, spec.multiple)


def round_up(pixels: int, multiple: int) -> int:
    """Return the next multiple of the step of the coarsest level."""
    return -(-pixels // multiple) * multiple
