"""Networks of the SAM family by the library `segment-anything`, in an interpreter that has it and torchvision."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import DataError
from harness.stages.nets.compute import Compute
from harness.stages.prompting.decoding import Decoded
from harness.stages.prompting.layout import DECODER_HEADS, SamSpec
from harness.stages.prompting.network import fingerprint, read

if TYPE_CHECKING:
    import torch


def build(spec: SamSpec) -> Any:
    """Return the library's network of a shape, with random weights, ready to predict.

    The library's own builders know the three published sizes; this one puts its parts together in any size.
    """
    import torch
    from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer

    encoder = ImageEncoderViT(
        depth=spec.depth,
        embed_dim=spec.width,
        img_size=spec.image_size,
        mlp_ratio=spec.mlp / spec.width,
        norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
        num_heads=spec.heads,
        patch_size=spec.patch,
        qkv_bias=True,
        use_rel_pos=True,
        global_attn_indexes=spec.global_layers,
        window_size=spec.window,
        out_chans=spec.channels,
    )
    prompts = PromptEncoder(
        embed_dim=spec.channels,
        image_embedding_size=(spec.side, spec.side),
        input_image_size=(spec.image_size, spec.image_size),
        mask_in_chans=spec.mask_channels,
    )
    decoder = MaskDecoder(
        num_multimask_outputs=spec.outputs,
        transformer=TwoWayTransformer(
            depth=spec.decoder_depth,
            embedding_dim=spec.channels,
            mlp_dim=spec.decoder_mlp,
            num_heads=DECODER_HEADS,
            attention_downsample_rate=spec.decoder_rate,
        ),
        transformer_dim=spec.channels,
        iou_head_depth=spec.score_depth,
        iou_head_hidden_dim=spec.score_width,
    )
    return Sam(encoder, prompts, decoder).eval()


class LibrarySam:
    """A network of `segment-anything` behind the calls of `harness.stages.prompting.decoding.Network`."""

    def __init__(self, spec: SamSpec, network: Any, compute: Compute, fingerprint: str) -> None:
        self.spec, self.compute, self.fingerprint = spec, compute, fingerprint
        self.network = network

    @classmethod
    def load(cls, path: Path, compute: Compute) -> LibrarySam:
        """Return the network of a checkpoint on the device; raises `DataError` for a file that is none."""
        spec, state = read(path)
        network = build(spec)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise DataError(f"{path}: does not fit {spec.title}: {str(error).splitlines()[-1].strip()}") from error
        return cls(spec, network.to(compute.device), compute, fingerprint(state))

    def encode(self, image: np.ndarray) -> np.ndarray:
        """Return the features (channels, side, side) float32 of a network input (3, size, size) float32."""
        import torch

        with torch.inference_mode(), self.compute.autocast():
            found = self.network.image_encoder(self.compute.tensor(image[np.newaxis]))
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
        encoder = self.network.prompt_encoder
        sparse, dense = encoder(points=None if points is None else (points, labels), boxes=boxes, masks=None)
        logits, scores = self.network.mask_decoder(
            image_embeddings=features[None],
            image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=several,
        )
        return Decoded(logits, scores)
