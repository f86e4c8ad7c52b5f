from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from harness.errors import DataError
from harness.stages.prompting.layout import (
    POSITIONS,
    TIED,
    SamSpec,
    from_transformers,
    infer_spec,
    published_layout,
    published_names,
    to_transformers,
    transformers_name,
)
from tests.stages.prompting.published import LARGE_SIZES, published_state
from tests.stages.prompting.scenes import TINY

NARROW = replace(TINY, depth=3, global_layers=(0, 2), outputs=2, score_depth=4, decoder_depth=1, mask_channels=8)


@pytest.mark.parametrize("spec", [TINY, NARROW, replace(TINY, window=0, global_layers=(0, 1))])
def test_the_shape_of_a_network_is_read_from_its_tensors(spec: SamSpec) -> None:
    assert infer_spec(published_state(spec), "here") == spec


@pytest.mark.parametrize("name", sorted(LARGE_SIZES))
def test_the_published_sizes_are_recognised(name: str) -> None:
    spec = LARGE_SIZES[name]
    with torch.device("meta"):
        state = published_state(spec)
    assert infer_spec(state, name) == spec
    assert sorted(state) == sorted(published_names(spec))


@pytest.mark.parametrize("spec", [TINY, NARROW])
def test_names_are_translated_there_and_back(spec: SamSpec) -> None:
    state = published_state(spec)
    renamed = to_transformers(state, spec)
    assert len(renamed) == len(state) + 1, "the positions have two names"
    assert renamed[TIED] is state[POSITIONS]
    back = from_transformers(renamed, spec)
    assert set(back) == set(state)
    assert all(back[name] is state[name] for name in state)


def test_names_of_every_part() -> None:
    assert (
        transformers_name("image_encoder.blocks.3.norm1.weight", SamSpec())
        == "vision_encoder.layers.3.layer_norm1.weight"
    )
    assert (
        transformers_name("image_encoder.blocks.3.attn.rel_pos_h", SamSpec())
        == "vision_encoder.layers.3.attn.rel_pos_h"
    )
    assert transformers_name("mask_decoder.output_hypernetworks_mlps.2.layers.1.bias", SamSpec()) == (
        "mask_decoder.output_hypernetworks_mlps.2.layers.0.bias"
    )
    assert transformers_name("mask_decoder.iou_token.weight", SamSpec()) == "mask_decoder.iou_token.weight"


def test_the_prefix_of_a_trainer_is_taken_off_with_what_lies_beside_the_network() -> None:
    state = published_state(TINY)
    wrapped = {f"sam.{name}": tensor for name, tensor in state.items()} | {"decoder.base.weight": torch.zeros(1)}
    assert set(published_layout(wrapped, "here")) == set(state)


def test_another_network_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"file\.pt: no network of the SAM family: no tensor 'image_encoder\.patch_embed"
    ):
        published_layout({"final_conv.weight": torch.zeros(1)}, "file.pt")
    half = published_state(TINY)
    del half["mask_decoder.mask_tokens.weight"]
    with pytest.raises(DataError, match=r"no tensor 'mask_decoder\.mask_tokens\.weight'"):
        infer_spec(half, "file.pt")
