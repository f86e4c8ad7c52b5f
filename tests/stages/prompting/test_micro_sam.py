from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from harness.errors import DataError
from harness.model import Grid, Volume
from harness.stages.prompting.micro_sam import MicroSam, decoder_beside
from harness.stages.prompting.pixels import as_rgb
from tests.stages.prompting.published import LARGE_SIZES, published_state
from tests.stages.prompting.scenes import TINY, bright_discs, context, run

GRID = Grid("YX", (8, 8))


def test_the_decoder_lies_beside_its_checkpoint(tmp_path: Path) -> None:
    assert decoder_beside(tmp_path / "vit_l.pt") is None
    (tmp_path / "vit_l_decoder.pt").write_bytes(b"")
    assert decoder_beside(tmp_path / "vit_l.pt") == tmp_path / "vit_l_decoder.pt"


def test_small_networks_and_absent_decoders_are_refused_before_the_library_is_asked(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stage 'micro-sam' has no checkpoint"):
        MicroSam().load(context(GRID))
    torch.save(published_state(TINY), tmp_path / "small.pt")
    with pytest.raises(
        DataError, match=r"small\.pt holds 2 layers of 16 channels .*; accepted: widths 768, 1024, 1280"
    ):
        MicroSam({"weights": "x"}).load(context(GRID, weights={"weights": tmp_path / "small.pt"}))


@pytest.mark.slow
def test_the_library_segments_an_image_by_a_grid(tmp_path: Path) -> None:
    pytest.importorskip("micro_sam", reason="micro-sam is not here: `tox run -e sam-suite` has it")
    path = tmp_path / "vit_b.pt"
    torch.save(published_state(LARGE_SIZES["vit_b"]), path)
    with pytest.raises(DataError, match="no instance decoder beside"):
        MicroSam({"weights": "x", "mode": "ais"}).load(context(GRID, weights={"weights": path}))
    array, _ = bright_discs()
    image = Volume(array, "YX")
    settings = context(image.grid, weights={"weights": path})
    stage = MicroSam({"weights": "x", "mode": "amg"})
    stage.load(settings)
    made = run(stage, {"image": image}, settings)
    assert isinstance(made, Volume)
    assert made.array.shape == array.shape


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["ais", "apg"])
def test_the_modes_of_a_decoder_are_those_of_the_library(tmp_path: Path, mode: str) -> None:
    pytest.importorskip("micro_sam", reason="micro-sam is not here: `tox run -e sam-suite` has it")
    from micro_sam.automatic_segmentation import automatic_instance_segmentation, get_predictor_and_segmenter
    from micro_sam.instance_segmentation import get_unetr
    from micro_sam.util import get_sam_model

    path, decoder = tmp_path / "vit_b.pt", tmp_path / "vit_b_decoder.pt"
    torch.save(published_state(LARGE_SIZES["vit_b"]), path)
    predictor, state = get_sam_model("vit_b", "cpu", checkpoint_path=str(path), return_state=True)
    torch.manual_seed(0)
    made = get_unetr(predictor.model.image_encoder, device="cpu").state_dict()
    torch.save({name: tensor for name, tensor in made.items() if not name.startswith("encoder")}, decoder)
    array, _ = bright_discs()
    image = Volume(array, "YX")
    settings = context(image.grid, weights={"weights": path})
    stage = MicroSam({"weights": "x", "mode": mode})
    stage.load(settings)
    found = run(stage, {"image": image}, settings)
    state["decoder_state"] = torch.load(decoder, weights_only=True)
    by_itself = get_predictor_and_segmenter(
        "vit_b", device="cpu", segmentation_mode=mode, predictor=predictor, state=state
    )
    expected = automatic_instance_segmentation(*by_itself, as_rgb(image, 0, "min-max", ""), ndim=2, verbose=False)
    assert isinstance(found, Volume)
    np.testing.assert_array_equal(found.array, expected)


@pytest.mark.slow
def test_a_decoder_that_holds_code_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "vit_b.pt"
    torch.save(published_state(LARGE_SIZES["vit_b"]), path)
    torch.save({"made": Path("elsewhere")}, tmp_path / "vit_b_decoder.pt")
    with pytest.raises(DataError, match=r"vit_b_decoder\.pt: not a file of plain tensors"):
        MicroSam({"weights": "x", "mode": "ais"}).load(context(GRID, weights={"weights": path}))
