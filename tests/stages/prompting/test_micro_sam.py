from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from harness.errors import DataError
from harness.model import Grid, Volume
from harness.stages.prompting.micro_sam import MicroSam, decoder_beside
from harness.stages.prompting.pixels import as_rgb
from tests.stages.prompting.published import LARGE_SIZES, published_file, published_state
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
    array, _ = bright_discs()
    image = Volume(array, "YX")
    with published_file(tmp_path / "vit_b.pt", LARGE_SIZES["vit_b"]) as path:
        settings = context(image.grid, weights={"weights": path})
        with pytest.raises(DataError, match="no instance decoder beside"):
            MicroSam({"weights": "x", "mode": "ais"}).load(settings)
        stage = MicroSam({"weights": "x", "mode": "amg"})
        stage.load(settings)
    made = run(stage, {"image": image}, settings)
    assert isinstance(made, Volume)
    assert made.array.shape == array.shape


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkpoint of ViT-B, its instance decoder beside it, that find `bright_discs`.

    With random weights no mode finds an object, and labels without objects agree whatever is compared. So the last
    layer of the instance decoder (foreground, distances to centre and to boundary) and the one that makes the first
    mask are solved for by least squares, on what the random layers below make of the image.
    """
    pytest.importorskip("micro_sam", reason="micro-sam is not here: `tox run -e sam-suite` has it")
    from micro_sam.instance_segmentation import DecoderAdapter, get_unetr
    from micro_sam.util import get_sam_model

    folder = tmp_path_factory.mktemp("fitted")
    path, decoder = folder / "vit_b.pt", folder / "vit_b_decoder.pt"
    state = published_state(LARGE_SIZES["vit_b"], scale=0.02)  # larger ones drown the image in what layers add
    state["mask_decoder.output_upscaling.1.weight"] += 1  # of a normalisation
    array, truth = bright_discs()
    try:
        torch.save(state, path)
        predictor = get_sam_model("vit_b", "cpu", checkpoint_path=str(path))
        predictor.set_image(as_rgb(Volume(array, "YX"), 0, "min-max", ""))
        torch.manual_seed(0)
        unetr = get_unetr(predictor.model.image_encoder, device="cpu")
        fit_instance_decoder(DecoderAdapter(unetr), predictor, truth)
        fit_first_mask(predictor, truth)
        torch.save(predictor.model.state_dict(), path)
        made = unetr.state_dict()
        torch.save({name: tensor for name, tensor in made.items() if not name.startswith("encoder")}, decoder)
        yield path
    finally:
        for file in (path, decoder):
            file.unlink(missing_ok=True)


def fit_instance_decoder(decoder: Any, predictor: Any, truth: np.ndarray) -> None:
    """Solve for the last layer: high inside of objects, and low distances in what lies over 2 px from their border."""
    with torch.no_grad(), recorded(decoder.decoder_head) as seen:
        decoder(predictor.features, tuple(predictor.input_size), tuple(predictor.original_size))
    ((_, features),) = seen
    pixels = torch.nn.functional.interpolate(features, truth.shape, mode="bilinear", align_corners=False)
    inside, core = truth > 0, distance_transform_edt(truth > 0) > 2
    wanted = np.stack([np.where(inside, 4.0, -4.0), *2 * [np.where(core, -4.0, 4.0)]])
    solved = least_squares(torch.cat([pixels[0].flatten(1), torch.ones(1, truth.size)]), wanted)
    decoder.out_conv.load_state_dict({"weight": solved[:-1].T[..., None, None], "bias": solved[-1]})


def fit_first_mask(predictor: Any, truth: np.ndarray) -> None:
    """Solve for the layer that weighs channels of the upscaled features: logits are positive in bright pixels."""
    masks = predictor.model.mask_decoder
    weighing = masks.output_hypernetworks_mlps[0].layers[-1]
    with recorded(masks.output_upscaling) as upscaled, recorded(weighing) as tokens:
        predictor.predict(np.array([[16, 14]]), np.array([1]), multimask_output=False)
    ((_, features),), ((token, _),) = upscaled, tokens
    times = features.shape[-1] // truth.shape[-1]
    wanted = np.kron(np.where(truth > 0, 1.0, -1.0), np.ones((times, times)))
    solved = least_squares(features[0].flatten(1), wanted[np.newaxis])[:, 0]
    with torch.no_grad():
        weighing.bias.copy_(solved - weighing.weight @ token[0])


def least_squares(features: torch.Tensor, wanted: np.ndarray) -> torch.Tensor:
    """Return weights (channels, outputs) of features (channels, pixels) for `wanted` (outputs, Y, X)."""
    goal = torch.from_numpy(wanted.reshape(len(wanted), -1))
    return torch.linalg.lstsq(features.double().T, goal.T).solution.float()


@contextmanager
def recorded(layer: torch.nn.Module) -> Iterator[list[tuple[torch.Tensor, torch.Tensor]]]:
    """Collect what a layer is given and what it makes of it."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    handle = layer.register_forward_hook(lambda _, given, made: seen.append((given[0].detach(), made.detach())))
    try:
        yield seen
    finally:
        handle.remove()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["ais", "apg"])
def test_the_modes_of_a_decoder_are_those_of_the_library(fitted: Path, mode: str) -> None:
    from micro_sam.automatic_segmentation import automatic_instance_segmentation, get_predictor_and_segmenter
    from micro_sam.util import get_sam_model

    array, _ = bright_discs()
    image = Volume(array, "YX")
    predictor, state = get_sam_model("vit_b", "cpu", checkpoint_path=str(fitted), return_state=True)
    state["decoder_state"] = torch.load(fitted.with_name("vit_b_decoder.pt"), weights_only=True)
    by_itself = get_predictor_and_segmenter(
        "vit_b", device="cpu", segmentation_mode=mode, predictor=predictor, state=state
    )
    expected = automatic_instance_segmentation(*by_itself, as_rgb(image, 0, "min-max", ""), ndim=2, verbose=False)
    assert len(np.unique(expected)) > 2, "background and an object leave little to compare"
    settings = context(image.grid, weights={"weights": fitted})
    stage = MicroSam({"weights": "x", "mode": mode})
    stage.load(settings)
    found = run(stage, {"image": image}, settings)
    assert isinstance(found, Volume)
    np.testing.assert_array_equal(found.array, expected)


@pytest.mark.slow
def test_a_decoder_that_holds_code_is_not_run(tmp_path: Path) -> None:
    torch.save({"made": Path("elsewhere")}, tmp_path / "vit_b_decoder.pt")
    with (
        published_file(tmp_path / "vit_b.pt", LARGE_SIZES["vit_b"]) as path,
        pytest.raises(DataError, match=r"vit_b_decoder\.pt: not a file of plain tensors"),
    ):
        MicroSam({"weights": "x", "mode": "ais"}).load(context(GRID, weights={"weights": path}))
