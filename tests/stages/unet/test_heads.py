from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.stages.unet.heads import boundary_head
from harness.stages.unet.targets import training_targets


def test_the_head_of_the_published_networks() -> None:
    head = boundary_head(("foreground", "boundary"))
    labels = np.zeros((6, 6), dtype=np.int32)
    labels[1:5, 1:5] = 1
    target = head.targets(labels)
    np.testing.assert_array_equal(target, training_targets(labels, ("foreground", "boundary")))
    assert (head.slot, head.channels) == ("probability", ("foreground", "boundary"))
    tensor = torch.from_numpy(target)[None]
    assert float(head.score(tensor, tensor)) == pytest.approx(1.0)
    assert float(head.loss((tensor * 2 - 1) * 100, tensor)) == pytest.approx(0, abs=1e-6)
