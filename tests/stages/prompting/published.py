"""State dicts in the layout of `segment-anything`, made without the library: names and shapes of its files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from harness.stages.prompting.layout import POSITIONS, SamSpec, published_names

LARGE_SIZES = {
    "vit_b": SamSpec(),
    "vit_l": SamSpec(width=1024, depth=24, heads=16, mlp=4096, global_layers=(5, 11, 17, 23)),
    "vit_h": SamSpec(width=1280, depth=32, heads=16, mlp=5120, global_layers=(7, 15, 23, 31)),
}
"""The three published networks."""


def published_state(spec: SamSpec, *, seed: int = 0, scale: float = 0.05) -> dict[str, torch.Tensor]:
    """Return a state dict with seeded values, of the shapes that the published networks have (written down by hand)."""
    generator = None if torch.get_default_device().type == "meta" else torch.Generator().manual_seed(seed)
    state = {}
    for name in published_names(spec):
        shape = shape_of(name, spec)
        made = torch.randn(shape, generator=generator) * scale
        is_scale = ("norm" in name or ".neck.1." in name or ".neck.3." in name) and name.endswith("weight")
        state[name] = made + 1 if is_scale else made
    state[POSITIONS] = torch.randn(shape_of(POSITIONS, spec), generator=generator)
    return state


@contextmanager
def published_file(path: Path, spec: SamSpec) -> Iterator[Path]:
    """Write a checkpoint for as long as it is read: the largest takes 2.4 GB, and pytest keeps what tests leave."""
    try:
        torch.save(published_state(spec), path)
        yield path
    finally:
        path.unlink(missing_ok=True)


def shape_of(name: str, spec: SamSpec) -> tuple[int, ...]:
    """Return the shape of a tensor of the published layout."""
    width, channels, side = spec.width, spec.channels, spec.side
    part, kind = name.rsplit(".", 1)
    if name == "image_encoder.pos_embed":
        return (1, side, side, width)
    if name == POSITIONS:
        return (2, channels // 2)
    if kind.startswith("rel_pos"):
        layer = int(name.split(".")[2])
        extent = side if layer in spec.global_layers or not spec.window else spec.window
        return (2 * extent - 1, width // spec.heads)
    outgoing, incoming = _sizes(part, spec)
    if kind == "bias" or not incoming:
        return (outgoing,)
    return {
        "image_encoder.patch_embed.proj": (width, 3, spec.patch, spec.patch),
        "image_encoder.neck.0": (channels, width, 1, 1),
        "image_encoder.neck.2": (channels, channels, 3, 3),
        "prompt_encoder.mask_downscaling.0": (spec.mask_channels // 4, 1, 2, 2),
        "prompt_encoder.mask_downscaling.3": (spec.mask_channels, spec.mask_channels // 4, 2, 2),
        "prompt_encoder.mask_downscaling.6": (channels, spec.mask_channels, 1, 1),
        "mask_decoder.output_upscaling.0": (channels, channels // 4, 2, 2),
        "mask_decoder.output_upscaling.3": (channels // 4, channels // 8, 2, 2),
        "mask_decoder.mask_tokens": (spec.outputs + 1, channels),
    }.get(part, (outgoing, incoming))


def _sizes(part: str, spec: SamSpec) -> tuple[int, int]:
    """Return outgoing and incoming channels of a layer, 0 incoming ones for a normalisation."""
    width, channels = spec.width, spec.channels
    last = part.rsplit(".", 1)[-1]
    if part.startswith("image_encoder"):
        table = {
            "norm1": (width, 0), "norm2": (width, 0), "qkv": (3 * width, width), "proj": (width, width),
            "lin1": (spec.mlp, width), "lin2": (width, spec.mlp), "0": (channels, width), "1": (channels, 0),
            "2": (channels, channels), "3": (channels, 0),
        }  # fmt: skip
        return table[last]
    if part.startswith("prompt_encoder"):
        few = spec.mask_channels
        table = {"0": (few // 4, 1), "1": (few // 4, 0), "3": (few, few // 4), "4": (few, 0), "6": (channels, few)}
        return table[last] if "mask_downscaling" in part else (1, channels)
    if "output_upscaling" in part:
        return {"0": (channels // 4, channels), "1": (channels // 4, 0), "3": (channels // 8, channels // 4)}[last]
    if "output_hypernetworks_mlps" in part:
        return (channels // 8, channels) if last == "2" else (channels, channels)
    if "iou_prediction_head" in part:
        incoming = channels if last == "0" else spec.score_width
        return (spec.outputs + 1 if int(last) == spec.score_depth - 1 else spec.score_width, incoming)
    if "norm" in last:
        return (channels, 0)
    inner = channels if "self_attn" in part else channels // spec.decoder_rate
    table = {
        "lin1": (spec.decoder_mlp, channels), "lin2": (channels, spec.decoder_mlp), "q_proj": (inner, channels),
        "k_proj": (inner, channels), "v_proj": (inner, channels), "out_proj": (channels, inner),
        "iou_token": (1, channels), "mask_tokens": (spec.outputs + 1, channels),
    }  # fmt: skip
    return table[last]
