from __future__ import annotations

import pytest
import torch

from harness.stages.multihead._unet import build_heads
from harness.stages.multihead.network import HeadsSpec
from harness.stages.nets.build import build_network
from harness.stages.nets.networks import NetworkSpec


def parameters(network: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize(("inputs", "outputs"), [((1,), (2,)), ((2,), (2, 2)), ((1, 1), (4,)), ((1, 2), (2, 2))])
def test_any_heads_give_their_channels_on_the_same_grid(
    ndim: int, inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> None:
    spec = HeadsSpec(NetworkSpec(ndim=ndim, in_channels=inputs[0], f_maps=(8, 16, 32)), inputs, outputs)
    shape = (8, 12, 16)[-ndim:]
    made = build_heads(spec)(torch.randn(1, sum(inputs), *shape))
    assert made.shape == (1, sum(outputs), *shape)


def test_one_head_each_way_is_the_plain_network() -> None:
    base = NetworkSpec(in_channels=2, out_channels=2, f_maps=(8, 16))
    torch.manual_seed(0)
    plain = build_network(base)
    torch.manual_seed(0)
    headed = build_heads(HeadsSpec(base, (2,), (2,)))
    assert parameters(plain) == parameters(headed)
    image = torch.randn(1, 2, 8, 8, 8)
    torch.testing.assert_close(plain.eval()(image), headed.eval()(image))


def test_each_output_head_has_a_decoder_of_its_own_and_each_input_head_an_encoder() -> None:
    base = NetworkSpec(in_channels=1, f_maps=(8, 16))
    one, decoders, encoders = (
        build_heads(HeadsSpec(base, inputs, outputs))
        for inputs, outputs in (((1,), (2,)), ((1,), (2, 2)), ((1, 1), (2,)))
    )
    assert len(decoders.decoders) == 2  # type: ignore[arg-type]
    assert len(encoders.encoders) == 2  # type: ignore[arg-type]
    assert parameters(one) < parameters(decoders)
    assert parameters(one) < parameters(encoders)


def test_a_head_sees_its_own_channels_alone() -> None:
    network = build_heads(HeadsSpec(NetworkSpec(in_channels=1, f_maps=(8, 16), order="cr"), (1, 1), (2,))).eval()
    image = torch.randn(1, 2, 8, 8, 8)
    seen: list[torch.Tensor] = []
    network.encoders[1][0].register_forward_hook(lambda module, args, out: seen.append(args[0]))  # type: ignore[index]
    network(image)
    torch.testing.assert_close(seen[0], image[:, 1:])
