from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.errors import DataError
from harness.stages.nets.compute import choose
from harness.stages.prompting.layout import POSITIONS, SamSpec
from harness.stages.prompting.network import TransformersSam, build, fingerprint, read, restore, write
from tests.stages.prompting.published import LARGE_SIZES, published_file, published_state
from tests.stages.prompting.scenes import TINY

pytest.importorskip("transformers", reason="the extra `prompting` is not installed")
CPU = choose("cpu", "float32", 2)


def checkpoint(folder: Path, spec: SamSpec = TINY, **values: float) -> Path:
    path = folder / "sam.pth"
    torch.save(published_state(spec), path)
    return path


def test_a_network_is_built_in_the_shape_of_the_published_layout() -> None:
    network = build(TINY)
    restore(network, TINY, published_state(TINY), "here")
    wide = replace(TINY, width=24, heads=3, mlp=96, outputs=2, score_depth=4, window=0, global_layers=(0, 1))
    restore(build(wide), wide, published_state(wide), "here")


def test_random_positions_are_slow_enough_to_be_learnt_from() -> None:
    torch.manual_seed(0)
    positions = build(TINY).state_dict()["shared_image_embedding.positional_embedding"]
    assert 0.5 < float(positions.std()) < 1.5


def test_weights_survive_being_written_and_read(tmp_path: Path) -> None:
    state = published_state(TINY)
    network = build(TINY)
    restore(network, TINY, state, "here")
    write(tmp_path, TINY, network, {"note": 1})
    spec, found = read(tmp_path)
    assert spec == TINY
    assert set(found) == set(state)
    assert all(torch.equal(found[name], state[name]) for name in state)
    assert fingerprint(found) == fingerprint(state)


def test_a_checkpoint_of_another_size_does_not_fit() -> None:
    wide = replace(TINY, width=24, heads=3, mlp=96)
    with pytest.raises(DataError, match=r"here: does not fit 2 layers of 16 channels for 32 px .*of another shape"):
        restore(build(TINY), TINY, published_state(wide), "here")
    deep = replace(TINY, depth=3)
    with pytest.raises(DataError, match=r"does not fit .* missing|does not fit .* unexpected"):
        restore(build(TINY), TINY, published_state(deep), "here")


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sam.pth"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"sam\.pth"):
        TransformersSam.load(path, CPU)


def test_features_and_masks_have_the_shapes_that_decoding_expects(tmp_path: Path) -> None:
    held = TransformersSam.load(checkpoint(tmp_path), CPU)
    features = held.encode(np.zeros((3, 32, 32), dtype=np.float32))
    assert features.shape == (32, 4, 4)
    assert features.dtype == np.float32
    boxes = torch.tensor([[1.0, 2, 8, 9], [3, 4, 20, 30]])
    one = held.decode(torch.from_numpy(features), None, None, boxes, several=False)
    assert one.logits.shape == (2, 1, 16, 16)
    points, labels = torch.zeros(5, 2, 2), torch.ones(5, 2, dtype=torch.int64)
    several = held.decode(torch.from_numpy(features), points, labels, None, several=True)
    assert several.logits.shape == (5, 3, 16, 16)
    assert several.scores.shape == (5, 3)


def test_predictions_depend_on_image_prompt_and_weights(tmp_path: Path) -> None:
    held = TransformersSam.load(checkpoint(tmp_path), CPU)
    rng = np.random.default_rng(0)
    images = [rng.normal(size=(3, 32, 32)).astype(np.float32) for _ in range(2)]
    box = torch.tensor([[1.0, 2, 8, 9]])

    def logits(image: np.ndarray, prompt: torch.Tensor) -> torch.Tensor:
        return held.decode(torch.from_numpy(held.encode(image)), None, None, prompt, several=False).logits

    with torch.inference_mode():
        assert torch.equal(logits(images[0], box), logits(images[0], box))
        assert not torch.equal(logits(images[0], box), logits(images[1], box))
        assert not torch.equal(logits(images[0], box), logits(images[0], box + 9))


@pytest.mark.slow
@pytest.mark.xdist_group("published-networks")  # one worker: two of the large files at once fill a small disk
@pytest.mark.parametrize(("name", "image_size"), [("vit_b", 1024), ("vit_l", 256), ("vit_h", 256)])
def test_networks_of_the_published_widths_and_depths_load_and_predict(
    tmp_path: Path, name: str, image_size: int
) -> None:
    """The larger ones see fewer tokens: what tells them from the base network are layers, channels and heads."""
    spec = replace(LARGE_SIZES[name], image_size=image_size)
    with published_file(tmp_path / "sam.pth", spec) as path:
        held = TransformersSam.load(path, CPU)
    assert held.spec == spec
    assert not list(tmp_path.iterdir())
    side = image_size // 16
    features = held.encode(np.zeros((3, image_size, image_size), dtype=np.float32))
    assert features.shape == (256, side, side)
    assert np.isfinite(features).all()
    box = torch.tensor([[10.0, 20, 200, 150]])
    with torch.inference_mode():
        found = held.decode(torch.from_numpy(features), None, None, box, several=True)
    assert found.logits.shape == (1, 3, 4 * side, 4 * side)
    assert bool(found.logits.isfinite().all())


@pytest.mark.parametrize("name", ["vit_l", "vit_h"])
def test_the_larger_networks_fit_their_layout_in_every_layer(name: str) -> None:
    spec = LARGE_SIZES[name]
    with torch.device("meta"):
        expected = build(spec).state_dict()
        state = published_state(spec)
    from harness.stages.prompting.layout import to_transformers

    renamed = to_transformers(state, spec)
    assert {key: tensor.shape for key, tensor in renamed.items()} == {key: one.shape for key, one in expected.items()}
    assert POSITIONS in state
