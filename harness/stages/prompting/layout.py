"""Names of the tensors of a Segment Anything network: as published, and as the library `transformers` calls them.

Checkpoints are kept in the published layout (that of `segment-anything` and micro-sam), from which the shape of a
network of any width can be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import DataError

if TYPE_CHECKING:
    import torch

PREFIX = "sam."
"""Before every name in the checkpoints of micro-sam's trainer."""
DECODER_HEADS = 8
"""Attention heads of the mask decoder: they leave no trace in the tensors, and every published network has 8."""
POSITIONS = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
TIED = "shared_image_embedding.positional_embedding"
"""The second name that `transformers` has for the positions."""

_RULES: tuple[tuple[str, str], ...] = (
    (r"^image_encoder\.patch_embed\.proj\.", "vision_encoder.patch_embed.projection."),
    (r"^image_encoder\.blocks\.(\d+)\.norm(\d)\.", r"vision_encoder.layers.\1.layer_norm\2."),
    (r"^image_encoder\.blocks\.", "vision_encoder.layers."),
    (r"^image_encoder\.neck\.0\.", "vision_encoder.neck.conv1."),
    (r"^image_encoder\.neck\.1\.", "vision_encoder.neck.layer_norm1."),
    (r"^image_encoder\.neck\.2\.", "vision_encoder.neck.conv2."),
    (r"^image_encoder\.neck\.3\.", "vision_encoder.neck.layer_norm2."),
    (r"^image_encoder\.", "vision_encoder."),
    (rf"^{re.escape(POSITIONS)}$", "prompt_encoder.shared_embedding.positional_embedding"),
    (r"^prompt_encoder\.point_embeddings\.", "prompt_encoder.point_embed."),
    (r"^prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"^prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"^prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"^prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"^prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
    (r"^mask_decoder\.transformer\.layers\.(\d+)\.norm(\d)\.", r"mask_decoder.transformer.layers.\1.layer_norm\2."),
    (r"^mask_decoder\.transformer\.norm_final_attn\.", "mask_decoder.transformer.layer_norm_final_attn."),
    (r"^mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscale_conv1."),
    (r"^mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscale_layer_norm."),
    (r"^mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscale_conv2."),
)
_PERCEPTRON = re.compile(
    r"^(mask_decoder\.(?:output_hypernetworks_mlps\.\d+|iou_prediction_head))\.layers\.(\d+)\.(.+)$"
)


@dataclass(frozen=True, slots=True)
class SamSpec:
    """The shape of a network: image encoder, prompt encoder, mask decoder. The defaults are those of ViT-B.

    image_size, patch  pixels of the square that the encoder takes, and of a patch of it
    width, depth       of the image encoder, with `heads` attention heads and `mlp` hidden units a layer
    window             tokens along a window of attention; layers in `global_layers` see the whole image
    channels           of features, prompts and decoder; `positions` of its Fourier features, half of it
    """

    image_size: int = 1024
    patch: int = 16
    width: int = 768
    depth: int = 12
    heads: int = 12
    mlp: int = 3072
    window: int = 14
    global_layers: tuple[int, ...] = (2, 5, 8, 11)
    channels: int = 256
    mask_channels: int = 16
    decoder_depth: int = 2
    decoder_mlp: int = 2048
    decoder_rate: int = 2
    outputs: int = 3
    score_depth: int = 3
    score_width: int = 256

    @property
    def side(self) -> int:
        """Tokens along a side of the image."""
        return self.image_size // self.patch

    @property
    def title(self) -> str:
        """The network in words."""
        return f"{self.depth} layers of {self.width} channels for {self.image_size} px in patches of {self.patch}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


def published_layout(state: Mapping[str, torch.Tensor], where: str) -> dict[str, torch.Tensor]:
    """Return a state dict without micro-sam's prefix; raises `DataError` unless it is one of this family."""
    names = [name for name in state if name.startswith(PREFIX)]
    found = {name.removeprefix(PREFIX): state[name] for name in names} if names else dict(state)
    wanted = ("image_encoder.patch_embed.proj.weight", "image_encoder.pos_embed", POSITIONS)
    missing = [name for name in wanted if name not in found]
    if missing:
        shown = ", ".join(list(state)[:3])
        raise DataError(f"{where}: no network of the SAM family: no tensor '{missing[0]}'; found: {shown}, …")
    return found


def infer_spec(state: Mapping[str, torch.Tensor], where: str) -> SamSpec:
    """Return the shape of the network that a state dict in the published layout belongs to.

    Raises `DataError` where a tensor that tells of it is absent.
    """
    try:
        return _inferred(state)
    except KeyError as error:
        raise DataError(f"{where}: no network of the SAM family: no tensor {error}") from error


def _inferred(state: Mapping[str, torch.Tensor]) -> SamSpec:
    projection = state["image_encoder.patch_embed.proj.weight"]
    width, patch = int(projection.shape[0]), int(projection.shape[-1])
    side = int(state["image_encoder.pos_embed"].shape[1])
    depth = _count(state, r"image_encoder\.blocks\.(\d+)\.")
    relative = [state[f"image_encoder.blocks.{layer}.attn.rel_pos_h"] for layer in range(depth)]
    extents = [(int(tensor.shape[0]) + 1) // 2 for tensor in relative]
    windows = [extent for extent in extents if extent != side]
    channels = int(state["image_encoder.neck.0.weight"].shape[0])
    inner = state["mask_decoder.transformer.layers.0.cross_attn_token_to_image.q_proj.weight"]
    head = state["mask_decoder.iou_prediction_head.layers.0.weight"]
    return SamSpec(
        image_size=side * patch,
        patch=patch,
        width=width,
        depth=depth,
        heads=width // int(relative[0].shape[1]),
        mlp=int(state["image_encoder.blocks.0.mlp.lin1.weight"].shape[0]),
        window=windows[0] if windows else 0,
        global_layers=tuple(layer for layer, extent in enumerate(extents) if extent == side),
        channels=channels,
        mask_channels=int(state["prompt_encoder.mask_downscaling.3.weight"].shape[0]),
        decoder_depth=_count(state, r"mask_decoder\.transformer\.layers\.(\d+)\."),
        decoder_mlp=int(state["mask_decoder.transformer.layers.0.mlp.lin1.weight"].shape[0]),
        decoder_rate=channels // int(inner.shape[0]),
        outputs=int(state["mask_decoder.mask_tokens.weight"].shape[0]) - 1,
        score_depth=_count(state, r"mask_decoder\.iou_prediction_head\.layers\.(\d+)\."),
        score_width=int(head.shape[0]),
    )


def to_transformers(state: Mapping[str, torch.Tensor], spec: SamSpec) -> dict[str, torch.Tensor]:
    """Return a state dict in the published layout under the names of `transformers`."""
    renamed = {transformers_name(name, spec): tensor for name, tensor in state.items()}
    renamed[TIED] = state[POSITIONS]
    return renamed


def from_transformers(state: Mapping[str, torch.Tensor], spec: SamSpec) -> dict[str, torch.Tensor]:
    """Return a state dict of `transformers` in the published layout.

    `spec` is the shape of its network. Raises KeyError for a tensor that no network of that shape has.
    """
    names = {transformers_name(name, spec): name for name in published_names(spec)}
    return {names[name]: tensor for name, tensor in state.items() if name != TIED}


def transformers_name(name: str, spec: SamSpec) -> str:
    """Return how `transformers` calls a tensor of the published layout.

    >>> transformers_name("mask_decoder.iou_prediction_head.layers.2.bias", SamSpec())
    'mask_decoder.iou_prediction_head.proj_out.bias'
    """
    perceptron = _PERCEPTRON.match(name)
    if perceptron:
        part, layer, rest = perceptron[1], int(perceptron[2]), perceptron[3]
        last = (spec.score_depth if part.endswith("iou_prediction_head") else 3) - 1
        place = "proj_in" if layer == 0 else "proj_out" if layer == last else f"layers.{layer - 1}"
        return f"{part}.{place}.{rest}"
    for pattern, replacement in _RULES:
        renamed, count = re.subn(pattern, replacement, name)
        if count:
            return renamed
    return name


def published_names(spec: SamSpec) -> list[str]:
    """Return the names of every tensor of a network in the published layout."""
    both = ("weight", "bias")
    names = ["image_encoder.pos_embed", *_pair("image_encoder.patch_embed.proj")]
    for layer in range(spec.depth):
        block = f"image_encoder.blocks.{layer}"
        for part in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.lin1", "mlp.lin2"):
            names += _pair(f"{block}.{part}")
        names += [f"{block}.attn.rel_pos_h", f"{block}.attn.rel_pos_w"]
    names += ["image_encoder.neck.0.weight", "image_encoder.neck.2.weight"]
    names += [f"image_encoder.neck.{number}.{kind}" for number in (1, 3) for kind in both]
    names += [POSITIONS, "prompt_encoder.not_a_point_embed.weight", "prompt_encoder.no_mask_embed.weight"]
    names += [f"prompt_encoder.point_embeddings.{number}.weight" for number in range(4)]
    names += [f"prompt_encoder.mask_downscaling.{number}.{kind}" for number in (0, 1, 3, 4, 6) for kind in both]
    attentions = ("self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token")
    for layer in range(spec.decoder_depth):
        block = f"mask_decoder.transformer.layers.{layer}"
        for part in (
            *(f"{name}.{one}_proj" for name in attentions for one in "qkv"),
            *(f"{name}.out_proj" for name in attentions),
        ):
            names += _pair(f"{block}.{part}")
        for part in ("norm1", "norm2", "norm3", "norm4", "mlp.lin1", "mlp.lin2"):
            names += _pair(f"{block}.{part}")
    final = "mask_decoder.transformer.final_attn_token_to_image"
    for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
        names += _pair(f"{final}.{part}")
    names += _pair("mask_decoder.transformer.norm_final_attn")
    names += ["mask_decoder.iou_token.weight", "mask_decoder.mask_tokens.weight"]
    names += [f"mask_decoder.output_upscaling.{number}.{kind}" for number in (0, 1, 3) for kind in both]
    for number in range(spec.outputs + 1):
        for layer in range(3):
            names += _pair(f"mask_decoder.output_hypernetworks_mlps.{number}.layers.{layer}")
    for layer in range(spec.score_depth):
        names += _pair(f"mask_decoder.iou_prediction_head.layers.{layer}")
    return names


def _pair(name: str) -> list[str]:
    return [f"{name}.weight", f"{name}.bias"]


def _count(state: Mapping[str, Any], pattern: str) -> int:
    """Return how many numbers a part of the names counts through."""
    return len({match[1] for name in state if (match := re.match(pattern, name))})
