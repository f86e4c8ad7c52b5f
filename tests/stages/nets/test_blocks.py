from __future__ import annotations

import pytest
import torch

from harness.stages.nets._blocks import ConcatDecoder, DoubleConv, Encoder, ResidualBlock, SingleConv, SumDecoder

SHAPE = (1, 8, 6, 7, 5)


def test_a_step_normalises_before_it_convolves() -> None:
    step = SingleConv(8, 4, ndim=3, order="gcr", groups=8)
    assert [name for name, _ in step.named_children()][:2] == ["groupnorm", "conv"]
    assert step.groupnorm.num_channels == 8
    assert float(step(torch.randn(SHAPE)).detach().min()) >= 0.0


def test_fewer_channels_than_groups_make_one_group() -> None:
    assert SingleConv(4, 8, ndim=3, order="gcr", groups=8).groupnorm.num_groups == 1


def test_an_encoder_block_widens_in_two_steps_and_a_decoder_block_in_one() -> None:
    encoder = DoubleConv(2, 16, encoder=True, ndim=2, order="gcr", groups=8)
    decoder = DoubleConv(24, 16, encoder=False, ndim=2, order="gcr", groups=8)
    assert encoder.SingleConv1.conv.out_channels == 8
    assert decoder.SingleConv1.conv.out_channels == 16


def test_a_residual_block_adds_its_input() -> None:
    block = ResidualBlock(8, 8, encoder=True, ndim=3, order="gcr", groups=8)
    for parameter in (*block.conv2.parameters(), *block.conv3.parameters()):
        torch.nn.init.zeros_(parameter)
    x = torch.rand(SHAPE)
    assert torch.equal(block(x), x)


@pytest.mark.parametrize(("pools", "expected"), [(False, (6, 7, 5)), (True, (3, 3, 2))])
def test_every_level_but_the_first_halves_the_grid(pools: bool, expected: tuple[int, ...]) -> None:
    assert Encoder(torch.nn.Identity(), ndim=3, pools=pools)(torch.randn(SHAPE)).shape[2:] == expected


def test_a_plain_decoder_puts_the_skip_first() -> None:
    skip, low = torch.zeros(SHAPE), torch.ones(1, 2, 3, 3, 2)
    joined = ConcatDecoder(torch.nn.Identity())(skip, low)
    assert joined.shape == (1, 10, 6, 7, 5)
    assert not joined[:, :8].any()
    assert bool((joined[:, 8:] == 1).all())


def test_a_residual_decoder_sums_on_the_grid_of_the_skip() -> None:
    decoder = SumDecoder(torch.nn.Identity(), 16, 8, ndim=3)
    torch.nn.init.zeros_(decoder.upsampling["upsample"].conv_transposed.weight)
    skip = torch.rand(SHAPE)
    assert torch.equal(decoder(skip, torch.rand(1, 16, 3, 3, 2)), skip)
