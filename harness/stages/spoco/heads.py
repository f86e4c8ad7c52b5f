"""The head of an embedding network: raw channels, the loss of SPOCO, and its negative as the score."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from harness.stages.nets.heads import Head, unchanged
from harness.stages.spoco.terms import Terms

if TYPE_CHECKING:
    import torch


def embedding_head(channels: int, terms: Terms) -> Head:
    """Return the head; weights are chosen by the least loss without its consistency, whose twin does not validate."""
    return Head(
        name="score",
        slot="embedding",
        channels=tuple(f"embedding-{number}" for number in range(1, channels + 1)),
        activation=unchanged,
        targets=_label_map,
        loss=partial(_loss, terms=terms),
        score=partial(_score, terms=terms),
    )


def _label_map(labels: np.ndarray) -> np.ndarray:
    return labels[np.newaxis].astype(np.float32)


def _loss(raw: torch.Tensor, target: torch.Tensor, terms: Terms) -> torch.Tensor:
    from harness.stages.spoco import _losses

    return _losses.supervised(raw, target, terms)


def _score(made: torch.Tensor, target: torch.Tensor, terms: Terms) -> torch.Tensor:
    return -_loss(made, target, terms)
