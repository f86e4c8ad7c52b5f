"""Ways to cut a volume: what each sees, where seams lie, and that true context of enough pixels leaves none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.errors import DataError, ParameterError
from harness.model import Grid, Volume
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context
from harness.stages.nets.build import build_network
from harness.stages.nets.checkpoints import save_model
from harness.stages.nets.networks import NetworkSpec
from harness.stages.nets.tiling import Tiling
from harness.stages.unet.tiles import UNetTiles, mirrored, seams

SHAPE = (80, 16)
PLAIN: dict[str, Any] = {"f_maps": [4], "levels": 2, "groups": 2, "predict_patch": [16], "halo": [8]}


def network(folder: Path, order: str) -> Path:
    folder.mkdir(exist_ok=True)
    spec = NetworkSpec(ndim=2, f_maps=(4, 8), order=order, groups=2)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        built = build_network(spec)
    save_model(folder, spec, built, notes={})
    return folder


def maps(folder: Path, order: str, **options: Any) -> dict[str, Volume]:
    image = Volume(np.random.default_rng(0).normal(size=SHAPE).astype(np.float32), "YX", (0.2, 0.1))
    stage = UNetTiles({**PLAIN, "layer_order": order, **options})
    context = Context(Grid("YX", SHAPE, (0.2, 0.1)), seed=0, scratch=folder, model=network(folder, order))
    stage.load(context)
    made = checked_outputs(stage, {"image": image}, stage.run({"image": image}, context), context.grid)
    return {slot: value for slot, value in made.items() if isinstance(value, Volume)}


def difference(folder: Path, order: str, **options: Any) -> float:
    whole = maps(folder, order, cut="whole", makes="untiled")["untiled"].array
    return float(np.abs(maps(folder, order, **options)["foreground"].array - whole).max())


def test_true_context_leaves_no_seam_with_batch_norm(tmp_path: Path) -> None:
    assert difference(tmp_path, "bcr", halo=[8]) < 1e-5
    assert difference(tmp_path, "bcr", halo=[0]) > 1e-3
    assert difference(tmp_path, "bcr", cut="whole") == 0


def test_group_norm_takes_its_statistics_from_the_tile(tmp_path: Path) -> None:
    assert difference(tmp_path, "gcr", halo=[8]) > 1e-3


def test_a_halo_that_is_no_pooling_step_is_kept_as_it_is(tmp_path: Path) -> None:
    """Another offset pools other pixels: an odd halo, wide enough, is not enough for this network."""
    assert difference(tmp_path, "bcr", halo=[9]) > 1e-4


def test_reflected_tiles_are_not_the_volume(tmp_path: Path) -> None:
    assert difference(tmp_path, "bcr", cut="mirror", halo=[8]) > 1e-3


def test_seams_lie_where_cores_meet(tmp_path: Path) -> None:
    made = maps(tmp_path, "bcr", stride_ratio=1.0)
    found = made["seams"].array
    assert found.dtype == np.uint8
    assert np.flatnonzero(found[:, 0]).tolist() == [15, 31, 47, 63]
    assert set(found[15].tolist()) == {1}
    assert made["seams"].spacing_um == made["foreground"].spacing_um == (0.2, 0.1)
    half = maps(tmp_path, "bcr", stride_ratio=0.5)["seams"].array
    assert np.flatnonzero(half[:, 0]).tolist() == [7, 15, 23, 31, 39, 47, 55, 63, 71]


def test_seams_of_cores_that_reach_over_the_end() -> None:
    plan = Tiling((10, 6), (4, 8), (0, 0), ((0, 4, 8), (0,)))
    assert np.flatnonzero(seams(plan)[:, 0]).tolist() == [3, 7]
    assert seams(plan).max() == 1


def test_a_tile_is_padded_by_its_own_reflection() -> None:
    seen: list[np.ndarray] = []

    def forward(tile: np.ndarray, core: tuple[slice, ...]) -> np.ndarray:
        seen.append(tile)
        return tile[:, *core]

    tile = np.arange(4.0).reshape(1, 4)
    np.testing.assert_array_equal(mirrored(forward, (2,))(tile, (slice(0, 4),)), tile)
    assert seen[0].tolist() == [[2, 1, 0, 1, 2, 3, 2, 1]]


def test_what_no_cut_divides_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"covers the image of \(80, 16\), there is no seam; accepted: a smaller"):
        maps(tmp_path, "bcr", predict_patch=[96])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"plane_wise": True}, "planes have no tiles along Z"),
        ({"outputs": ["boundary"]}, "'output' is 'foreground', and the network makes boundary"),
        ({"predict_patch": []}, "'predict_patch' is empty"),
        ({"cut": "middle"}, "accepted: one of whole, context, mirror"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        UNetTiles({**PLAIN, **options})
