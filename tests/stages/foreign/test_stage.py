"""Described networks run as their descriptions say, and what cannot be run is refused with the reason."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import ChecksumError, DataError
from harness.model import Volume
from harness.stages.chain import checked_outputs
from harness.stages.contract import Context
from harness.stages.foreign.stage import BioImageIo
from tests.stages.foreign.models import box, change, package

pytest.importorskip("bioimageio.core", reason="bioimageio.core is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytest.importorskip("torch", reason="torch is not installed")

ONNX_TOLERANCE = 1e-6


def image(*shape: int, axes: str = "YX", spacing: tuple[float, ...] | None = None, seed: int = 1) -> Volume:
    array = np.random.default_rng(seed).random(shape).astype(np.float32)
    return Volume(array, axes, spacing, tuple(f"c{n}" for n in range(shape[0])) if axes[0] == "C" else ())


class Ran:
    """One image through one model."""

    def __init__(self, model: Path, volume: Volume, **options: Any) -> None:
        self.lines: list[str] = []
        self.facts: dict[str, float] = {}
        stage = BioImageIo({"model": str(model), **options})
        context = Context(
            volume.grid,
            seed=0,
            scratch=model.parent,
            weights={"model": model},
            log=self.lines.append,
            report=self.facts.__setitem__,
        )
        stage.load(context)
        inputs = {"image": volume}
        made = checked_outputs(stage, inputs, stage.run(inputs, context), volume.grid)
        value = made[stage.options.slot]
        assert isinstance(value, Volume)
        self.volume = value
        self.array = value.array


@pytest.mark.parametrize("chosen", ["onnx", "torchscript", "pytorch_state_dict"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_every_format_gives_the_network(tmp_path: Path, chosen: str, ndim: int) -> None:
    spatial = ("z", "y", "x")[-ndim:]
    folder = package(tmp_path / "m", formats=(chosen,), spatial=spatial, size=16, halo=2)
    volume = image(*(16,) * ndim, axes="ZYX"[-ndim:], spacing=(0.5,) * ndim)
    ran = Ran(folder, volume, allow_code=chosen == "pytorch_state_dict")
    inner = (slice(2, -2),) * ndim
    expected = box(volume.array[np.newaxis, np.newaxis])[0, 0]
    np.testing.assert_allclose(ran.array[inner], expected[inner], atol=ONNX_TOLERANCE)
    assert ran.array.dtype == np.float32
    assert ran.volume.spacing_um == volume.spacing_um
    assert ran.facts["test_difference"] < ONNX_TOLERANCE


@pytest.mark.parametrize("shape", [(32, 32), (70, 41), (9, 100)])
@pytest.mark.parametrize("size", [32, {"min": 16, "step": 8}])
def test_images_of_any_size_are_cut_as_the_description_accepts(
    tmp_path: Path, shape: tuple[int, int], size: Any
) -> None:
    folder = package(tmp_path / "m", size=size, halo=2)
    volume = image(*shape)
    expected = box(np.pad(volume.array, 2, mode="reflect")[np.newaxis, np.newaxis])[0, 0, 2:-2, 2:-2]
    for largest in (24, 1024):
        np.testing.assert_allclose(Ran(folder, volume, largest_tile=largest).array, expected, atol=1e-6)


def test_statistics_are_of_the_image_and_no_tile(tmp_path: Path) -> None:
    steps = [{"id": "zero_mean_unit_variance", "kwargs": {"axes": ["y", "x"]}}]
    array = np.random.default_rng(0).random((1, 1, 32, 32)).astype(np.float32)
    ready = (array - array.mean()) / (array.std() + 1e-6)
    sigmoid = [{"id": "sigmoid"}]
    made = 1 / (1 + np.exp(-box(ready)))
    folder = package(tmp_path / "m", preprocessing=steps, postprocessing=sigmoid, test=(array, made))
    ramp = Volume(np.linspace(0, 1000, 96 * 40, dtype=np.float32).reshape(96, 40), "YX")
    standard = (ramp.array - ramp.array.mean()) / (ramp.array.std() + 1e-6)
    around = np.pad(standard, 2, mode="reflect")[np.newaxis, np.newaxis]
    expected = 1 / (1 + np.exp(-box(around)[0, 0, 2:-2, 2:-2]))
    np.testing.assert_allclose(Ran(folder, ramp).array, expected, atol=1e-5)


def test_no_image_depends_on_another(tmp_path: Path) -> None:
    """Statistics over all axes count as those of a data set in the format: here they are of each image."""
    steps = [{"id": "scale_range"}]
    folder = package(tmp_path / "m", preprocessing=steps)
    first, second = image(32, 32, seed=1), image(32, 32, seed=2)
    brighter = Volume(second.array * 7 + 3, "YX")
    stage = BioImageIo({"model": str(folder), "verify": False})
    context = Context(first.grid, seed=0, scratch=tmp_path, weights={"model": folder})
    stage.load(context)
    stage.run({"image": first}, context)
    np.testing.assert_allclose(
        stage.run({"image": brighter}, context).array, Ran(folder, second, verify=False).array, atol=1e-5
    )


def test_channels_and_slots(tmp_path: Path) -> None:
    folder = package(tmp_path / "m", channels=2)
    volume = image(2, 32, 32, axes="CYX")
    both = Ran(folder, volume, slot="probability").volume
    assert (both.axes, both.channels) == ("CYX", ("foreground", "boundary"))
    np.testing.assert_array_equal(Ran(folder, volume, channel=1, slot="boundary").array, both.array[1])
    assert Ran(folder, volume, slot="embedding").array.shape == (2, 32, 32)
    with pytest.raises(DataError, match="the output has 2 channels; slot 'probability' takes 2 from channel 1 on"):
        Ran(folder, volume, slot="probability", channel=1)
    with pytest.raises(DataError, match="other numbers than ids of objects"):
        Ran(folder, volume, slot="labels")


def test_labels_of_a_network(tmp_path: Path) -> None:
    folder = package(
        tmp_path / "m", postprocessing=[{"id": "scale_linear", "kwargs": {"gain": 0.0, "offset": 3.0}}], test=None
    )
    ran = Ran(folder, image(32, 32), slot="labels", verify=False)
    assert ran.array.dtype == np.uint32
    assert set(np.unique(ran.array)) == {3}


def test_planes_of_a_volume(tmp_path: Path) -> None:
    folder = package(tmp_path / "m")
    volume = image(3, 40, 36, axes="ZYX", spacing=(1.0, 0.5, 0.5))
    planes = Ran(folder, volume, plane_wise=True).array
    for number, plane in enumerate(volume.array):
        np.testing.assert_array_equal(planes[number], Ran(folder, Volume(plane, "YX", (0.5, 0.5))).array)


def test_a_zip_and_a_file_beside_the_description(tmp_path: Path) -> None:
    folder = package(tmp_path / "m")
    volume = image(32, 32)
    expected = Ran(folder, volume).array
    zipped = Path(shutil.make_archive(str(tmp_path / "m"), "zip", folder))
    for path in (zipped, folder / "weights.pt", folder / "bioimageio.yaml"):
        ran = Ran(path, volume)
        np.testing.assert_array_equal(ran.array, expected)
        assert "test_difference" in ran.facts


def test_without_test_tensors_nothing_is_verified_and_it_is_said(tmp_path: Path) -> None:
    folder = package(tmp_path / "m")
    (folder / "test_output.npy").unlink()
    ran = Ran(folder, image(32, 32))
    assert not ran.facts
    assert any("nothing says whether it runs as published" in line for line in ran.lines)


def refused(
    folder: Path, message: str, volume: Volume | None = None, kind: type[Exception] = DataError, **given: Any
) -> None:
    with pytest.raises(kind, match=message):
        Ran(folder, volume or image(32, 32), **given)


def test_a_missing_weight_file(tmp_path: Path) -> None:
    folder = package(tmp_path / "m")
    (folder / "weights.pt").unlink()
    refused(
        folder, r"no file of the described weights is here: torchscript 'weights\.pt'; accepted: a package with one"
    )
    refused(folder, "has no weights in format 'onnx'; described: torchscript", weights_format="onnx")


def test_a_wrong_hash(tmp_path: Path) -> None:
    folder = package(tmp_path / "m")
    with (folder / "weights.pt").open("ab") as file:
        file.write(b"0")
    refused(folder, r"the weights 'weights\.pt' have sha256 [0-9a-f]{64}; the description states", kind=ChecksumError)


def test_wrong_test_tensors(tmp_path: Path) -> None:
    folder = package(
        tmp_path / "m", test=(np.zeros((1, 1, 32, 32), np.float32), np.full((1, 1, 32, 32), 0.5, np.float32))
    )
    refused(
        folder, r"1024 of 1024 values of the package's own test output are missed, by up to 0\.5; the description tol"
    )
    assert Ran(folder, image(32, 32), verify=False).array.shape == (32, 32)
    np.save(folder / "test_output.npy", np.ones((1, 1, 32, 32), np.float32))
    refused(folder, r"the values of the test tensor 'test_output\.npy' have sha256", kind=ChecksumError)


def test_a_stated_tolerance_counts(tmp_path: Path) -> None:
    test = (np.zeros((1, 1, 32, 32), np.float32), np.full((1, 1, 32, 32), 0.01, np.float32))
    loose = {"bioimageio": {"reproducibility_tolerance": [{"absolute_tolerance": 0.02, "relative_tolerance": 0.0}]}}
    refused(package(tmp_path / "strict", test=test), "tolerates 0.001")
    ran = Ran(package(tmp_path / "loose", test=test, config=loose), image(32, 32))
    assert ran.facts["test_difference"] == pytest.approx(0.01)


def test_an_unknown_processing_step(tmp_path: Path) -> None:
    folder = package(tmp_path / "m", preprocessing=[{"id": "polish", "kwargs": {"times": 3}}])
    refused(folder, "is no valid description: .*polish")


@pytest.mark.parametrize(
    ("given", "volume", "message"),
    [
        (
            {"spatial": ("z", "y", "x"), "size": 8},
            image(32, 32),
            r"takes the axes batch \(batch\) channel \(channel\) z",
        ),
        ({}, image(8, 32, 32, axes="ZYX"), "accepted for an image with axes ZYX: batch, channel, z, y, x"),
        ({"channels": 3}, image(32, 32), "the image has 1 channels; the model takes 3"),
        (
            {"further_axes": [{"type": "time", "id": "time", "size": 1, "unit": "second", "scale": 1.0}]},
            image(32, 32),
            r"time \(time\)",
        ),
    ],
)
def test_a_model_that_wants_other_axes(tmp_path: Path, given: dict[str, Any], volume: Volume, message: str) -> None:
    refused(package(tmp_path / "m", **given), message, volume, verify=False)


def test_voxels_of_another_size(tmp_path: Path) -> None:
    folder = package(tmp_path / "m", axis={"unit": "micrometer", "scale": 0.5})
    near, far = image(32, 32, spacing=(0.52, 0.5)), image(32, 32, spacing=(0.7, 0.5))
    assert Ran(folder, near, spacing_tolerance=0.05).array.shape == (32, 32)
    refused(folder, "voxels of 0.7 um along y; the model was made for 0.5 um; accepted", far, spacing_tolerance=0.05)
    refused(folder, "the voxel spacing of the image is unknown; accepted: data with a spacing", spacing_tolerance=0.05)
    assert Ran(folder, image(32, 32)).array.shape == (32, 32)


def test_code_of_a_package_is_asked_for(tmp_path: Path) -> None:
    folder = package(tmp_path / "m", formats=("pytorch_state_dict",))
    refused(folder, "run the Python code that the description names; if you trust it, set allow_code = true")
    (folder / "box.py").unlink()
    refused(folder, r"the architecture 'box\.py' is not in the package", allow_code=True)


def test_what_is_no_package(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(empty, "holds no description of a model; accepted: bioimageio.yaml, rdf.yaml")
    folder = package(tmp_path / "m")
    change(folder, "type: model", "type: dataset")
    refused(folder, "is no valid description|describes a dataset; accepted: a model")
    (folder / "bioimageio.yaml").write_text("[1, 2")
    refused(folder, "is no description of a model")
    broken = package(tmp_path / "broken")
    data = (broken / "weights.pt").read_bytes()[:100]
    (broken / "weights.pt").write_bytes(data)
    change(broken, "sha256: ", "sha256: ")
    with pytest.raises(ChecksumError):
        Ran(broken, image(32, 32))
    with pytest.raises(DataError, match="'model' is empty"):
        BioImageIo({}).load(Context(image(2, 2).grid, seed=0, scratch=tmp_path))


def test_outputs_are_named_where_there_are_several(tmp_path: Path) -> None:
    folder = package(tmp_path / "m")
    refused(folder, "the model has no output 'mask'; accepted: smooth", output="mask")


def test_weights_that_do_not_load(tmp_path: Path) -> None:
    from tests.stages.foreign.models import described

    folder = package(tmp_path / "m")
    old = described(folder, "weights.pt")["sha256"]
    (folder / "weights.pt").write_bytes(b"no weights")
    change(folder, old, described(folder, "weights.pt")["sha256"])
    refused(folder, "weights of format 'torchscript' do not load")


def test_the_network_of_the_mirror(mirror: Path) -> None:
    """A real ONNX network reproduces its own test tensors and halves an image that is no multiple of its size."""
    ran = Ran(mirror / "unet2d-nuclei-broad", image(300, 600))
    assert ran.facts["test_difference"] < 1e-3
    assert 0 <= ran.array.min() < ran.array.max() <= 1
