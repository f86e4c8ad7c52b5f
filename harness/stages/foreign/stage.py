"""The stage `bioimageio`: a network that is described in the format of the BioImage.IO zoo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, Weights, option
from harness.stages.contract import Context, Stage
from harness.stages.examples import channels_first
from harness.stages.foreign.package import Package, WeightsFormat, devices_of, is_here, open_package
from harness.stages.foreign.tensors import Layout, check_spacing, layout_of, tiles_of
from harness.stages.nets.tiling import predict_tiled

SLOT_CHANNELS = {"foreground": 1, "boundary": 1, "labels": 1, "probability": 2}
"""How many channels of an output a slot holds; every other takes all."""
PAIR = ("foreground", "boundary")


class BioImageIo(Stage):
    """Run a described network: pre-processing, weights, tiles with the halo, and post-processing as it states them.

    Before the first image its own test input must give its own test output, within the tolerance that it states.
    Statistics that a step asks of a data set are taken of the image, so that no image depends on another one.
    """

    id = "bioimageio"
    title = "Network of the BioImage.IO format"
    outputs = ("foreground",)
    needs = ("bioimageio", "onnxruntime")
    extra = "bioimageio"
    licence = "MIT"
    citation = "Ouyang et al. 2022, doi:10.1101/2022.06.07.495102"

    class Options(StageOptions):
        model: Weights = option("", "a description, a folder or zip with one, or a file beside one")
        weights_format: Literal["auto", WeightsFormat] = option(
            "auto", "which of the described weights; auto: the first of these that is in the package"
        )
        allow_code: bool = option(False, "run the Python code that a pytorch_state_dict needs; for trusted packages")
        output: str = option("", "name of the output tensor; empty = the only one")
        channel: int = option(0, "its channel, or the first of several", ge=0)
        slot: Literal["foreground", "boundary", "probability", "labels", "embedding"] = option(
            "foreground", "what the output is; probability: two channels, foreground and boundary"
        )
        plane_wise: bool = option(False, "a 2D network over the planes of 3D images")
        verify: bool = option(True, "hold the network to its own test tensors, where the package has them")
        spacing_tolerance: float = option(
            0.0, "how far voxels may differ from those of the description, as a share; 0 does not compare", ge=0.0
        )
        largest_tile: int = option(1024, "most pixels of a tile along an axis of free size", unit="px", ge=1)

    options: Options

    def makes(self) -> tuple[str, ...]:
        """Return the slot that `slot` names."""
        return (self.options.slot,)

    def load(self, context: Context) -> None:
        """Open the package and its weights; raises `DataError` or `ChecksumError` for what cannot be run."""
        from bioimageio.core import create_model_adapter

        options, path = self.options, context.weights.get("model")
        if path is None:
            raise DataError(f"{self.where}: 'model' is empty; accepted: the id of weights, or a path")
        self._package: Package = open_package(path, options.weights_format, self.where, allow_code=options.allow_code)
        self._output: Any = self._package.output(options.output)
        try:
            self._adapter: Any = create_model_adapter(
                self._package.descr,
                devices=devices_of(self._package.format),
                weight_format_priority_order=(self._package.format,),
            )
        except Exception as error:  # each backend fails in its own way on a damaged file
            text = str(error).strip() or type(error).__name__
            raise DataError(f"{self.where}: weights of format '{self._package.format}' do not load: {text}") from error
        self._difference = self._verified(context) if options.verify else None

    def _pipeline(self) -> Any:
        """Return the steps of the description around the loaded weights; it keeps statistics, so one for each image."""
        from bioimageio.core import create_prediction_pipeline

        return create_prediction_pipeline(self._package.descr, model_adapter=self._adapter)

    def _verified(self, context: Context) -> float | None:
        """Return by how much the test output is missed at most, None without test tensors; raises `DataError` for more
        than the description tolerates."""
        from bioimageio.core.digest_spec import get_test_input_sample, get_test_output_sample

        package = self._package
        tensors = (package.input.test_tensor, self._output.test_tensor)
        if not all(one is not None and is_here(one) for one in tensors):
            context.log(f"{self.where}: the package has no test tensors: nothing says whether it runs as published")
            return None
        for one in tensors:
            package.check(one, "the values of the test tensor")
        found = self._pipeline().predict_sample_without_blocking(
            get_test_input_sample(package.descr), skip_input_padding=True, skip_output_cropping=True
        )
        name = self._output.id
        actual = found.members[name].data.to_numpy().astype(np.float64)
        expected = get_test_output_sample(package.descr).members[name].data.to_numpy().astype(np.float64)
        if actual.shape != expected.shape:
            raise DataError(
                f"{self.where}: the test output has shape {expected.shape}; the network gives {actual.shape}"
            )
        relative, absolute, allowed = package.tolerance(str(name))
        apart = np.abs(actual - expected)
        wrong = int(np.count_nonzero(~(apart <= absolute + relative * np.abs(expected))))
        if wrong * 1e6 > allowed * expected.size:
            raise DataError(
                f"{self.where}: {wrong} of {expected.size} values of the package's own test output are missed, by up "
                f"to {apart.max():.3g}; the description tolerates {absolute:g} + {relative:g} of a value"
            )
        context.log(f"{self.where}: the test output is reproduced, greatest difference {apart.max():.3g}")
        return float(apart.max())

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        """Return the chosen channels of the output on the grid of the image; labels are integers, maps float32.

        Raises `DataError` for an image that the network does not take.
        """
        options, volume = self.options, inputs["image"]
        if self._difference is not None:
            context.report("test_difference", self._difference)
        image = channels_first(volume, self.where)
        grid = volume.grid
        if options.spacing_tolerance:
            check_spacing(self._package, grid, options.spacing_tolerance)
        planes = [image]
        is_flat = {str(axis.id) for axis in self._package.input.axes if axis.type == "space"} == {"y", "x"}
        if options.plane_wise and is_flat and image.ndim == 4:
            planes = [image[:, plane] for plane in range(image.shape[1])]
            grid = type(grid)(grid.axes[1:], grid.shape[1:], grid.spacing_um and grid.spacing_um[1:])
        layout = layout_of(self._package, self._output, grid, len(image))
        found = [self._predicted(plane, layout) for plane in planes]
        return self._in_slot(found[0] if len(planes) == 1 else np.stack(found, axis=1), volume)

    def _predicted(self, image: np.ndarray, layout: Layout) -> np.ndarray:
        """Return the whole output of an image C(Z)YX, all channels first."""
        from bioimageio.core import Sample, Tensor

        pipeline, name, output = self._pipeline(), self._package.input.id, self._output.id
        sample = Sample(members={name: _tensor(image, layout)}, stat={}, id="image")
        pipeline.apply_preprocessing(sample)
        ready = _channels_first(sample.members[name], layout.channel, layout.spatial)
        kept: dict[str, Any] = {}

        def forward(tile: np.ndarray, core: tuple[slice, ...]) -> np.ndarray:
            one = Sample(members={name: _tensor(tile, layout)}, stat=sample.stat, id="image")
            made = pipeline.predict_sample_without_blocking(
                one,
                skip_preprocessing=True,
                skip_postprocessing=True,
                skip_input_padding=True,
                skip_output_cropping=True,
            ).members[output]
            kept["dims"] = made.dims
            channel = _channel_axis(self._output)
            return np.asarray(_channels_first(made, channel, layout.spatial)[:, *core], dtype=np.float32)

        plan = tiles_of(self._package, layout, image.shape[1:], self.options.largest_tile)
        channels = next((len(axis.channel_names) for axis in self._output.axes if axis.type == "channel"), 1)
        whole = predict_tiled(forward, ready, plan, channels=channels)
        channel = _channel_axis(self._output)
        dims = [str(dim) for dim in kept["dims"]]
        order = [channel, *layout.spatial] if channel else list(layout.spatial)
        array = whole if channel else whole[0]
        array = np.expand_dims(array, tuple(range(len(dims) - len(order))))
        tensor = Tensor(array, dims=[dim for dim in dims if dim not in order] + order).transpose(dims)
        result = Sample(members={output: tensor}, stat=sample.stat, id="image")
        pipeline.apply_postprocessing(result)
        return _channels_first(result.members[output], channel, layout.spatial)

    def _in_slot(self, output: np.ndarray, image: Volume) -> Volume:
        options, axes = self.options, image.grid.axes
        count = SLOT_CHANNELS.get(options.slot, len(output) - options.channel)
        chosen = output[options.channel : options.channel + count]
        if len(chosen) < max(count, 1):
            raise DataError(
                f"{self.where}: the output has {len(output)} channels; slot '{options.slot}' takes {max(count, 1)} "
                f"from channel {options.channel} on"
            )
        if options.slot == "labels":
            numbers = chosen[0]
            if not np.isfinite(numbers).all() or numbers.min() < 0 or (numbers != np.round(numbers)).any():
                raise DataError(
                    f"{self.where}: the output holds other numbers than ids of objects; accepted: 0, 1, 2, …"
                )
            return Volume(numbers.astype(np.uint32), axes, image.spacing_um)
        array = np.ascontiguousarray(chosen, dtype=np.float32)
        if options.slot in ("probability", "embedding"):
            names = PAIR if options.slot == "probability" else ()
            return Volume(array, "C" + axes, image.spacing_um, names)
        return Volume(array[0], axes, image.spacing_um)


def _channel_axis(tensor: Any) -> str:
    return next((str(axis.id) for axis in tensor.axes if axis.type == "channel"), "")


def _tensor(image: np.ndarray, layout: Layout) -> Any:
    """Return an image C(Z)YX as the tensor that the model takes."""
    from bioimageio.core import Tensor

    dims = [layout.channel or "channel", *layout.spatial]
    array = image if layout.channel else image[0]
    dims = dims if layout.channel else list(layout.spatial)
    if layout.batch:
        array, dims = array[np.newaxis], [layout.batch, *dims]
    return Tensor(array, dims=dims).transpose(list(layout.axes))


def _channels_first(tensor: Any, channel: str, spatial: tuple[str, ...]) -> np.ndarray:
    """Return a tensor as an array C(Z)YX, whatever the order of its axes; axes beside these have one entry."""
    dims = [str(dim) for dim in tensor.dims]
    wanted = [channel, *spatial] if channel else list(spatial)
    rest = [dim for dim in dims if dim not in wanted]
    array = tensor.transpose([*rest, *wanted]).data.to_numpy()
    array = array.reshape(array.shape[len(rest) :])
    return np.asarray(array if channel else array[np.newaxis])
