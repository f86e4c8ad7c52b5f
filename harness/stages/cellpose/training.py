"""Training a Cellpose network with the library's own trainer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from harness.stages.cellpose.options import CellposeOptions
from harness.stages.cellpose.planes import Pair
from harness.stages.contract import Context
from harness.stages.resample import grids


def seed(value: int) -> None:
    """Seed torch, which draws the initial weights."""
    import torch

    torch.manual_seed(value % 2**63)


def isotropic(image: np.ndarray, labels: np.ndarray, spacing: tuple[float, ...]) -> Pair:
    """Return image C(Z)YX and labels on voxels of the finest spacing: linear, and nearest neighbour."""
    shape = grids.isotropic_shape(labels.shape, spacing, min(spacing))
    return np.stack([grids.spline(channel, shape, 1) for channel in image]), grids.nearest(labels, shape)


def train(network: Any, planes: Sequence[Pair], options: CellposeOptions, context: Context) -> list[float]:
    """Train in place on planes (2, rows, columns) and return the mean loss of each epoch.

    Each plane is normalised by its own percentiles. The planes are put in an order drawn from the context's seed,
    because the library draws patches from the number of the epoch alone.
    """
    from cellpose import transforms
    from cellpose.train import train_seg

    order = context.rng().permutation(len(planes))
    images = [transforms.normalize_img(planes[i][0].copy(), percentile=options.percentiles, axis=0) for i in order]
    with told("cellpose.train", context.log):
        _, losses, _ = train_seg(
            network,
            train_data=images,
            train_labels=[planes[i][1] for i in order],
            batch_size=options.batch,
            learning_rate=options.learning_rate,
            n_epochs=options.epochs,
            weight_decay=options.weight_decay,
            momentum=0.9,
            SGD=True,
            normalize={"normalize": False},
            save_path=context.scratch,
            save_every=options.epochs + 1,
            nimg_per_epoch=options.planes_per_epoch or None,
            bsize=options.patch,
            min_train_masks=0,
            model_name="trained",
        )
    return [float(loss) for loss in losses]


def objects_on(planes: Sequence[Pair], network: Any, options: CellposeOptions, device: str) -> int:
    """Return how many objects a network finds on planes (2, rows, columns), as large as those it was trained on."""
    model = library_model(network, device)
    found = 0
    for image, _ in planes:
        masks, _, _ = model.eval(
            np.moveaxis(image, 0, -1),
            channel_axis=2,
            normalize={"percentile": list(options.percentiles)},
            diameter=None,
            min_size=options.min_size,
        )
        found += int(np.max(masks, initial=0))
    return found


def library_model(network: Any, device: str) -> Any:
    """Return the library's predictor around a network; no checkpoint is looked up or downloaded."""
    import torch
    from cellpose.models import CellposeModel

    model = CellposeModel(gpu=False, pretrained_model=False, device=torch.device(device), mkldnn=False)
    model.net, model.net_ortho, model.nbase = network, None, list(network.nbase)
    model.diam_mean, model.diam_labels = float(network.diam_mean), float(network.diam_labels)
    return model


@contextmanager
def told(logger: str, log: Callable[[str], None]) -> Iterator[None]:
    """Hand the lines of a library's logger to `log`."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            log(record.getMessage())

    source, handler = logging.getLogger(logger), Handler()
    level, spread = source.level, source.propagate
    source.addHandler(handler)
    source.setLevel(logging.INFO)
    source.propagate = False
    try:
        yield
    finally:
        source.removeHandler(handler)
        source.setLevel(level)
        source.propagate = spread
