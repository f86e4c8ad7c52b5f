"""Samples of generated datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.datasets.declared.declaration import DerivedLabels, GeneratedDataset, SampleDeclaration
from harness.datasets.fetching.availability import Availability
from harness.datasets.fetching.lockfile import Voucher
from harness.datasets.kinds import Crop, Kind, OpenedSample, corrupted, cut, derived_identity
from harness.datasets.phantoms.generators import GENERATOR_VERSION, GENERATORS, Phantom, generate
from harness.datasets.phantoms.parameters import ImageParameters
from harness.model import Volume


class GeneratedKind(Kind):
    """Phantoms."""

    def __init__(self, declaration: GeneratedDataset) -> None:
        self._declaration = declaration
        self._generator = GENERATORS[declaration.generator]
        self.channels = self._generator.channels
        own = self._generator.labels
        self.label_names = own + tuple(name for name in declaration.labels if name not in own)

    def axes(self, sample: SampleDeclaration) -> str:
        """Return the axes of the generator's images."""
        return "ZYX"[-self._generator.ndim :]

    def identity(self, name: str, sample: SampleDeclaration) -> Any:
        """Return generator, version, parameters and derived labels."""
        parameters = self._parameters(sample).model_dump(mode="json")
        derived = {key: derived_identity(label) for key, label in self._declaration.labels.items()}
        return ["generated", GENERATOR_VERSION, self._declaration.generator, parameters, derived]

    def open(self, name: str, sample: SampleDeclaration) -> OpenedSample:
        """Generate the sample."""
        phantom = generate(self._declaration.generator, self._parameters(sample))
        return _OpenedPhantom(phantom, self._declaration.labels)

    def fetch(self, *, progress: bool) -> None:
        """Nothing lies anywhere."""

    def to_fetch(self) -> Mapping[str, int | None]:
        """Return nothing."""
        return {}

    def provenance(self) -> dict[str, Any]:
        """Return the generator and its version."""
        return {"generator": self._declaration.generator, "generator_version": GENERATOR_VERSION}

    def vouchers(self) -> Mapping[str, Voucher]:
        """Return nothing: there are no files."""
        return {}

    def availability(self) -> Availability:
        """Phantoms can always be made."""
        return Availability(True, "generated")

    def _parameters(self, sample: SampleDeclaration) -> ImageParameters:
        return self._generator.parameters.model_validate({**self._declaration.parameters, **sample.parameters})


class _OpenedPhantom(OpenedSample):
    def __init__(self, phantom: Phantom, derived: Mapping[str, DerivedLabels]) -> None:
        self._phantom = phantom
        self._derived = derived

    def image(self, channels: tuple[str, ...], crop: Crop) -> Volume:
        image = self._phantom.image
        if channels != image.channels:
            arrays = [image.channel(name) for name in channels]
            array = arrays[0] if len(arrays) == 1 else np.stack(arrays)
            image = Volume(array, image.axes[-array.ndim :], image.spacing_um, channels)
        return cut(image, crop)

    def label(self, name: str, crop: Crop) -> Volume:
        if name in self._derived:
            return cut(corrupted(self._phantom.labels[self._derived[name].source], self._derived[name]), crop)
        return cut(self._phantom.labels[name], crop)
