from __future__ import annotations

import pytest
import torch

from harness.stages.nets.build import build_network
from harness.stages.nets.networks import NetworkSpec, feature_maps

SPOCO = NetworkSpec(ndim=2, in_channels=3, out_channels=16, f_maps=feature_maps(16, 6), order="bcr")
WALLS = NetworkSpec(out_channels=1, f_maps=feature_maps(32, 4))
RESIDUAL = NetworkSpec(kind="residual-unet", out_channels=1, f_maps=feature_maps(32, 5))


@pytest.mark.parametrize(
    ("spec", "parameters", "tensors"),
    [
        (NetworkSpec(), 1_021_132, 44),
        (WALLS, 4_081_267, 44),
        (NetworkSpec(out_channels=1, f_maps=feature_maps(32, 4), order="bcr"), 4_081_267, 86),
        (RESIDUAL, 28_437_281, 70),
        (SPOCO, 5_507_262, 134),
    ],
    ids=["gonuclear", "walls", "walls-bcr", "residual", "spoco-2d"],
)
def test_published_sizes(spec: NetworkSpec, parameters: int, tensors: int) -> None:
    network = build_network(spec)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert len(network.state_dict()) == tensors


def test_tensor_names_of_the_plain_network() -> None:
    state = build_network(NetworkSpec()).state_dict()
    expected = []
    for part, count in (("encoders", 4), ("decoders", 3)):
        for index in range(count):
            for step in ("SingleConv1", "SingleConv2"):
                prefix = f"{part}.{index}.basic_module.{step}"
                expected += [f"{prefix}.groupnorm.weight", f"{prefix}.groupnorm.bias", f"{prefix}.conv.weight"]
    assert list(state) == [*expected, "final_conv.weight", "final_conv.bias"]
    assert state["encoders.0.basic_module.SingleConv1.conv.weight"].shape == (8, 1, 3, 3, 3)
    assert state["decoders.0.basic_module.SingleConv1.conv.weight"].shape == (64, 192, 3, 3, 3)
    assert state["final_conv.weight"].shape == (2, 16, 1, 1, 1)


def test_tensor_names_of_the_residual_network() -> None:
    state = build_network(NetworkSpec(kind="residual-unet", f_maps=(8, 16, 32))).state_dict()
    assert state["encoders.0.basic_module.conv1.weight"].shape == (8, 1, 1, 1, 1)
    assert "encoders.0.basic_module.conv1.bias" in state
    assert "decoders.0.basic_module.conv1.weight" not in state
    assert state["decoders.0.upsampling.upsample.conv_transposed.weight"].shape == (32, 16, 3, 3, 3)
    assert "decoders.0.upsampling.upsample.conv_transposed.bias" not in state
    assert "encoders.1.basic_module.conv3.groupnorm.weight" in state


def test_convolutions_have_a_bias_only_without_a_norm() -> None:
    assert "encoders.0.basic_module.SingleConv1.conv.bias" in build_network(NetworkSpec(order="cr")).state_dict()
    norms = build_network(NetworkSpec(order="crg")).state_dict()
    assert norms["encoders.0.basic_module.SingleConv1.groupnorm.weight"].shape == (8,)


@pytest.mark.parametrize("kind", ["unet", "residual-unet"])
@pytest.mark.parametrize(("ndim", "shape"), [(2, (13, 18)), (3, (9, 12, 7))])
def test_odd_sizes_come_back_in_their_shape(kind: str, ndim: int, shape: tuple[int, ...]) -> None:
    network = build_network(NetworkSpec(kind=kind, ndim=ndim, in_channels=2, f_maps=(8, 16, 32)))
    assert network(torch.zeros(2, 2, *shape)).shape == (2, 2, *shape)


@pytest.mark.parametrize("order", ["gcr", "bcr", "cr", "crg", "gcl", "cge", "gcrd"])
def test_layer_orders(order: str) -> None:
    spec = NetworkSpec(ndim=2, f_maps=(8, 16), order=order)
    spec.check("test")
    assert build_network(spec)(torch.zeros(2, 1, 8, 8)).isfinite().all()


@pytest.mark.parametrize("kind", ["unet", "residual-unet"])
def test_prediction_equals_the_training_pass(kind: str) -> None:
    torch.manual_seed(0)
    network = build_network(NetworkSpec(kind=kind, f_maps=(8, 16)))
    image = torch.randn(1, 1, 8, 12, 10)
    expected = network(image).detach()
    with torch.inference_mode():
        torch.testing.assert_close(network(image), expected)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert network(image).dtype == torch.bfloat16
