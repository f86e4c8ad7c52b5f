from __future__ import annotations

import numpy as np
import torch

from harness.stages.multihead.heads import HeadNames
from harness.stages.multihead.objectives import output_heads
from harness.stages.multihead.terms import against_truth, head_loss
from tests.stages.multihead.examples import example

NAMES = HeadNames.of(["clear"], ["nuclei", "cell"])
LABELS = NAMES.labels(example(), "here")


def test_a_head_learns_its_own_structures() -> None:
    nuclei, cell = output_heads(NAMES, "dice", {})
    assert nuclei.channels == ("nuclei:foreground", "nuclei:boundary")
    np.testing.assert_array_equal(cell.targets(LABELS), NAMES.targets(LABELS, ["cell"]))


def test_what_a_channel_must_not_cover_is_added_to_its_loss_and_not_to_its_score() -> None:
    forbidden = {"nuclei:foreground": ("cell:boundary", 2.0), "cell:boundary": ("nuclei:foreground", 2.0)}
    nuclei, _ = output_heads(NAMES, "dice", forbidden)
    plain, _ = output_heads(NAMES, "dice", {})
    target = torch.from_numpy(nuclei.targets(LABELS))[None]
    assert target.shape[1] == 3
    np.testing.assert_array_equal(target[0, 2].numpy(), NAMES.targets(LABELS, ["cell"])[1])
    raw = torch.randn(1, 2, *LABELS.shape[1:])
    expected = head_loss(raw, target[:, :2], kind="dice") + 2 * against_truth(raw[:, 0], target[:, 2])
    torch.testing.assert_close(nuclei.loss(raw, target), expected)
    torch.testing.assert_close(nuclei.score(torch.sigmoid(raw), target), plain.score(torch.sigmoid(raw), target[:, :2]))
