"""Packages opened: which format is chosen, and what the description tolerates."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.stages.foreign.package import FORMATS, devices_of, open_package
from tests.stages.foreign.models import package

pytest.importorskip("bioimageio.core", reason="bioimageio.core is not installed")
pytest.importorskip("torch", reason="torch is not installed")


def test_the_first_format_whose_file_is_here_is_chosen(tmp_path: Path) -> None:
    folder = package(tmp_path / "m", formats=FORMATS)
    assert open_package(folder, "auto", "here", allow_code=False).format == "onnx"
    (folder / "weights.onnx").unlink()
    assert open_package(folder, "auto", "here", allow_code=False).format == "torchscript"
    assert open_package(folder, "pytorch_state_dict", "here", allow_code=True).format == "pytorch_state_dict"


def test_tolerances_are_those_of_format_and_output(tmp_path: Path) -> None:
    stated = [
        {"absolute_tolerance": 0.5, "weights_formats": ["onnx"]},
        {
            "absolute_tolerance": 0.25,
            "relative_tolerance": 0.0,
            "mismatched_elements_per_million": 3,
            "output_ids": ["smooth"],
        },
    ]
    config = {"bioimageio": {"reproducibility_tolerance": stated}}
    found = open_package(package(tmp_path / "m", config=config), "auto", "here", allow_code=False)
    assert found.tolerance("smooth") == (0.0, 0.25, 3.0)
    assert found.tolerance("other")[:2] == (1e-3, 1e-3)
    assert str(found.output("").id) == str(found.output("smooth").id) == "smooth"


def test_devices_are_called_as_the_library_calls_them() -> None:
    assert (devices_of("onnx"), devices_of("torchscript")) == (("CPUExecutionProvider",), ("cpu",))
