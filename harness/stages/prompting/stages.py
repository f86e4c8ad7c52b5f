"""What encoders and decoders of every library share: weights, planes, and the values between them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import DataError
from harness.model import Volume
from harness.parameters import StageOptions, Weights, option
from harness.stages.contract import Context, Stage
from harness.stages.nets.compute import Compute, choose, torch_threads
from harness.stages.prompting.decoding import Kept, Network, Rules, decode_plane, require_inside
from harness.stages.prompting.pixels import GreyValues, as_rgb, network_input
from harness.stages.prompting.planes import PlaneOptions
from harness.stages.values import Features, Masks, Prompts


class NetworkStage(Stage):
    """A stage that works with the network of a checkpoint, which a subclass reads with its library."""

    devices = ("cpu", "cuda")
    citation = "Kirillov et al. 2023, ICCV, doi:10.1109/ICCV51070.2023.00371"

    @abstractmethod
    def read_network(self, path: Path, compute: Compute) -> Network:
        """Return the network of a checkpoint on the device; raises `DataError` for another file."""

    def load(self, context: Context) -> None:
        """Read the checkpoint. Nothing is downloaded: a missing 'weights' is a `DataError`."""
        if "weights" not in context.weights:
            raise DataError(f"{self.where} has no checkpoint; accepted: 'weights' with one of the SAM family")
        self.held: Network = self.read_network(context.weights["weights"], choose(context.device, "float32", 2))


class EncodeOptions(PlaneOptions):
    """What is encoded, and by what."""

    weights: Weights = option("", "a checkpoint of the SAM family; prompts cost little once an image is encoded")
    grey_values: GreyValues = option("min-max", "each channel of a plane to 0 to 255, or 8 bits as they are")


class EncodeStage(NetworkStage):
    """The features of each chosen plane: made once, used by every row that prompts the same image."""

    outputs = ("features",)

    Options = EncodeOptions
    options: EncodeOptions

    def run(self, inputs: Mapping[str, Any], context: Context) -> Features:
        """Return float32 features (planes, channels, side, side)."""
        image: Volume = inputs["image"]
        planes = self.options.planes(image.grid, self.where)
        with torch_threads(context.threads):
            return encode(self.held, image, planes, self.options.grey_values, self.where)


def encode(network: Network, image: Volume, planes: tuple[int, ...], grey_values: GreyValues, where: str) -> Features:
    """Return the features of some planes of an image."""
    size = network.spec.image_size
    found = [network.encode(network_input(as_rgb(image, plane, grey_values, where), size)) for plane in planes]
    about = {"planes": list(planes), "network": network.fingerprint}
    return Features(np.stack(found), image.grid, about)


class RuleOptions(StageOptions):
    """Which masks of the decoder are kept; the automatic mode of Segment Anything is all, .88, .95, 1 and .7."""

    masks: Kept = option("one", "of a prompt: the single output, the best of several by predicted IoU, or all")
    batch: int = option(64, "prompts decoded at once", ge=1)
    least_score: float = option(0.0, "predicted IoU must be above; 0 keeps any")
    least_stability: float = option(0.0, "IoU of the mask cut higher and lower, at least; 0 keeps any", ge=0.0, le=1.0)
    stability_offset: float = option(1.0, "how much higher and lower, in logits", ge=0.0)
    nms: float = option(1.0, "of masks whose boxes overlap by more, the best one stays; 1 keeps all", ge=0.0, le=1.0)

    def rules(self) -> Rules:
        """Return the rules."""
        return Rules(self.masks, self.batch, self.least_score, self.least_stability, self.stability_offset, self.nms)


class DecodeOptions(RuleOptions):
    """The network, and which of its masks are kept."""

    weights: Weights = option("", "the checkpoint that the features were made with")


class DecodeStage(NetworkStage):
    """Masks for boxes and points; where a prompt lies on several planes, each has a mask of its own."""

    inputs = ("features", "prompts")
    outputs = ("masks",)

    Options = DecodeOptions
    options: DecodeOptions

    def run(self, inputs: Mapping[str, Any], context: Context) -> Masks:
        """Return masks with the predicted IoU as score; reports "masks".

        Raises `DataError` for a prompt outside of the image or on a plane without features, and for features that
        another network has made.
        """
        features, prompts = inputs["features"], inputs["prompts"]
        with torch_threads(context.threads):
            masks = decode(self.held, features, prompts, self.options.rules(), context.device, self.where)
        context.report("masks", len(masks))
        return masks


def decode(network: Network, features: Features, prompts: Prompts, rules: Rules, device: str, where: str) -> Masks:
    """Return the masks of prompts on every plane that has features."""
    if features.about["network"] != network.fingerprint:
        raise DataError(f"{where}: the features were made with other weights; accepted: the same 'weights' in both")
    require_inside(prompts, where)
    planes = features.about["planes"]
    _require_encoded(prompts, planes, where)
    masks: list[np.ndarray] = []
    scores: list[float] = []
    objects: list[int] = []
    numbers: list[int] = []
    for plane, array in zip(planes, features.array, strict=True):
        found = decode_plane(network, array, prompts, plane, rules, device)
        masks += found.masks
        scores += found.scores.tolist()
        objects += found.objects.tolist()
        numbers += [plane] * len(found.masks)
    is_plane = len(prompts.grid.shape) == 2
    return Masks.of(prompts.grid, masks, scores=scores, objects=objects, planes=None if is_plane else numbers)


def _require_encoded(prompts: Prompts, planes: list[int], where: str) -> None:
    """Raise `DataError` for a prompt that touches no plane with features."""
    if len(prompts.grid.shape) == 2:
        return
    encoded = np.array(planes)
    for box, name in zip(prompts.boxes, prompts.box_objects, strict=True):
        if not ((box[0, 0] <= encoded) & (encoded < box[1, 0])).any():
            raise DataError(f"{where}: no plane of the box of object {name} is encoded; accepted: the same planes")
    absent = ~np.isin(np.floor(prompts.points[:, 0]), encoded)
    if absent.any():
        name = prompts.point_objects[int(np.argmax(absent))]
        raise DataError(f"{where}: the plane of a point of object {name} is not encoded; accepted: the same planes")
