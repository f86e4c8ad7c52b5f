from __future__ import annotations

import numpy as np
import torch

from harness.stages.spoco import _losses
from harness.stages.spoco.heads import embedding_head
from harness.stages.spoco.terms import Terms


def test_the_head_is_raw_channels_with_the_loss_and_its_negative() -> None:
    head = embedding_head(2, Terms())
    assert head.slot == "embedding"
    assert head.channels == ("embedding-1", "embedding-2")
    raw = torch.rand(1, 2, 4, 4)
    assert head.activation(raw) is raw
    target = torch.from_numpy(head.targets(np.arange(16).reshape(4, 4) // 6))[None]
    assert target.shape == (1, 1, 4, 4)
    loss = head.loss(raw, target)
    assert float(loss) == float(_losses.supervised(raw, target, Terms())) > 0
    assert float(head.score(raw, target)) == -float(loss)
