"""Networks of the SAM family: built by `transformers`, read from and written to checkpoints in the published layout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import DataError
from harness.hashing import hash_array
from harness.stages.nets.checkpoints import CONFIG_NAME, WEIGHTS_NAME, read_state, weights_file
from harness.stages.nets.compute import Compute
from harness.stages.prompting.decoding import Decoded
from harness.stages.prompting.layout import (
    DECODER_HEADS,
    SamSpec,
    from_transformers,
    infer_spec,
    published_layout,
    to_transformers,
)

if TYPE_CHECKING:
    import torch
    from torch import nn

SHOWN = 3
"""How many tensor names a message lists."""


def build(spec: SamSpec) -> nn.Module:
    """Return a network of `transformers` with random weights, drawn from torch's generator.

    They are drawn as torch draws them, and positions are Fourier features of unit scale, as in the published code. The
    library is made to load weights: what it draws learns nothing, with positions hundreds of times as fast, and layers
    so weak that a small network answers every prompt alike.
    """
    import torch
    from transformers import SamConfig, SamMaskDecoderConfig, SamModel, SamPromptEncoderConfig, SamVisionConfig

    config = SamConfig(
        vision_config=SamVisionConfig(
            hidden_size=spec.width,
            output_channels=spec.channels,
            num_hidden_layers=spec.depth,
            num_attention_heads=spec.heads,
            image_size=spec.image_size,
            patch_size=spec.patch,
            window_size=spec.window,
            global_attn_indexes=list(spec.global_layers),
            num_pos_feats=spec.channels // 2,
            mlp_dim=spec.mlp,
        ),
        prompt_encoder_config=SamPromptEncoderConfig(
            hidden_size=spec.channels,
            image_size=spec.image_size,
            patch_size=spec.patch,
            mask_input_channels=spec.mask_channels,
        ),
        mask_decoder_config=SamMaskDecoderConfig(
            hidden_size=spec.channels,
            mlp_dim=spec.decoder_mlp,
            num_hidden_layers=spec.decoder_depth,
            num_attention_heads=DECODER_HEADS,
            attention_downsample_rate=spec.decoder_rate,
            num_multimask_outputs=spec.outputs,
            iou_head_depth=spec.score_depth,
            iou_head_hidden_dim=spec.score_width,
            layer_norm_eps=1e-5,  # of the published decoder; the library's default is another
        ),
    )
    network: Any = SamModel(config)
    for part in network.modules():
        if isinstance(part, torch.nn.Linear | torch.nn.Conv2d | torch.nn.ConvTranspose2d | torch.nn.Embedding):
            part.reset_parameters()
    with torch.no_grad():
        positions = torch.randn(2, spec.channels // 2)
        network.shared_image_embedding.positional_embedding.copy_(positions)
        network.prompt_encoder.shared_embedding.positional_embedding.copy_(positions)
    placed: nn.Module = network.eval()
    return placed


def read(path: Path, *, allow_pickle: bool = False) -> tuple[SamSpec, dict[str, torch.Tensor]]:
    """Return the shape and the tensors of a checkpoint in the published layout; raises `DataError` for another file."""
    file = weights_file(path)
    state = published_layout(read_state(file, allow_pickle=allow_pickle), str(file))
    return infer_spec(state, str(file)), state


def restore(network: nn.Module, spec: SamSpec, state: Mapping[str, torch.Tensor], where: str) -> None:
    """Copy tensors in the published layout into a network; raises `DataError` unless names and shapes agree."""
    renamed = to_transformers(state, spec)
    expected = network.state_dict()
    missing = [name for name in expected if name not in renamed]
    shapes = [name for name in expected if name in renamed and expected[name].shape != renamed[name].shape]
    unexpected = [name for name in renamed if name not in expected]
    found = (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes))
    parts = [f"{_few(names)} {what}" for what, names in found if names]
    if parts:
        raise DataError(f"{where}: does not fit {spec.title}: {'; '.join(parts)}")
    network.load_state_dict(renamed)


def write(folder: Path, spec: SamSpec, network: nn.Module, notes: Mapping[str, Any]) -> None:
    """Write weights in the published layout, and a JSON file of the shape and of `notes`, into an existing folder."""
    import json

    import torch

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    torch.save({"model_state_dict": from_transformers(tensors, spec)}, folder / WEIGHTS_NAME)
    text = json.dumps({"network": spec.to_json(), **notes}, indent=2, sort_keys=True)
    (folder / CONFIG_NAME).write_text(text + "\n", encoding="utf-8")


def fingerprint(state: Mapping[str, torch.Tensor]) -> str:
    """Return what tells the image encoders of two checkpoints apart: the hash of the last convolution."""
    return hash_array(np.asarray(state["image_encoder.neck.2.weight"].float().numpy()))[:16]


class TransformersSam:
    """A network of `transformers` behind the calls of `harness.stages.prompting.decoding.Network`."""

    def __init__(self, spec: SamSpec, network: nn.Module, compute: Compute, fingerprint: str) -> None:
        self.spec, self.compute, self.fingerprint = spec, compute, fingerprint
        self.network: Any = network

    @classmethod
    def load(cls, path: Path, compute: Compute, *, allow_pickle: bool = False) -> TransformersSam:
        """Return the network of a checkpoint on the device; raises `DataError` for a file that is none."""
        spec, state = read(path, allow_pickle=allow_pickle)
        network = build(spec)
        restore(network, spec, state, str(path))
        return cls(spec, network.to(compute.device).eval(), compute, fingerprint(state))

    def encode(self, image: np.ndarray) -> np.ndarray:
        """Return the features (channels, side, side) float32 of a network input (3, size, size) float32."""
        import torch

        with torch.inference_mode(), self.compute.autocast():
            found = self.network.vision_encoder(self.compute.tensor(image[np.newaxis])).last_hidden_state
        return np.asarray(found[0].float().cpu().numpy())

    def decode(
        self,
        features: torch.Tensor,
        points: torch.Tensor | None,
        labels: torch.Tensor | None,
        boxes: torch.Tensor | None,
        *,
        several: bool,
    ) -> Decoded:
        """Return logits and predicted IoU; see `harness.stages.prompting.decoding.Network`."""
        network = self.network
        sparse, dense = network.prompt_encoder(
            input_points=None if points is None else points[None],
            input_labels=None if labels is None else labels[None],
            input_boxes=None if boxes is None else boxes[None],
            input_masks=None,
        )
        logits, scores = network.mask_decoder(
            image_embeddings=features[None],
            image_positional_embeddings=network.get_image_wide_positional_embeddings(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=several,
        )
        return Decoded(logits[0], scores[0])


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
