from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from harness.errors import ParameterError
from harness.stages.nets.heads import (
    Companion,
    Head,
    activated,
    check_heads,
    check_ignored,
    kept_voxels,
    parts_of,
    sigmoid,
    unchanged,
)


def nothing(raw: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return torch.zeros(())


PAIR = Head("pair", "probability", ("a", "b"), sigmoid, np.copy, nothing, nothing)
LINE = replace(PAIR, name="line", channels=("c",), activation=unchanged)


def test_each_head_activates_its_own_channels() -> None:
    raw = torch.tensor([[[0.0], [100.0], [7.0]]])
    assert activated((PAIR, LINE))(raw).flatten().tolist() == [0.5, 1.0, 7.0]
    assert activated((LINE,))(raw[:, :1]).flatten().tolist() == [0.0]


def test_a_single_head_keeps_the_memory_of_the_output() -> None:
    raw = torch.zeros(1, 2, 4, 4, 4).contiguous(memory_format=torch.channels_last_3d)
    assert parts_of(raw, (PAIR,))[0] is raw
    assert [part.shape[1] for part in parts_of(torch.zeros(1, 3, 4), (PAIR, LINE))] == [2, 1]


def test_channels_that_no_head_owns_are_refused() -> None:
    check_heads((PAIR, LINE), 3)
    with pytest.raises(ParameterError, match="the heads pair have 2 channels; the network has 3"):
        check_heads((PAIR,), 3)
    with pytest.raises(ParameterError, match="accepted: one or more of different names"):
        check_heads((PAIR, PAIR), 4)


def test_voxels_that_are_kept_come_from_the_whole_batch() -> None:
    maps = torch.arange(12.0).reshape(2, 2, 3)
    kept = torch.tensor([[True, False, True], [False, False, True]])
    assert kept_voxels(maps, kept).tolist() == [[[0.0, 2.0, 8.0], [3.0, 5.0, 11.0]]]


def test_a_head_that_compares_voxels_cannot_leave_some_out() -> None:
    check_ignored((replace(PAIR, voxelwise=True),))
    with pytest.raises(ParameterError, match="head 'line' compares voxels with each other"):
        check_ignored((replace(PAIR, voxelwise=True), LINE))


def test_a_companion_by_itself_adds_nothing() -> None:
    companion, network = Companion(), torch.nn.Identity()
    companion.begin(network)
    companion.stepped(network)
    companion.kept()
    images = torch.zeros(1)
    assert companion.seen(images) is images
    assert companion.loss(images, images, []) is None
