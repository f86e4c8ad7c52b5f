"""A described model opened: its description validated, a weight format chosen, its files held to their hashes.

Everything here goes through bioimageio.spec and bioimageio.core, https://bioimage-io.github.io/core-bioimage-io-python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from harness.descriptions import NAMES, description_at
from harness.errors import ChecksumError, DataError
from harness.escaping import one_line

WeightsFormat = Literal["onnx", "torchscript", "pytorch_state_dict"]
FORMATS: tuple[WeightsFormat, ...] = get_args(WeightsFormat)
"""The formats that are run, in the order in which they are chosen: the first two run no code of the package."""


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """A described model, its description (bioimageio.spec, the latest format) and the weight format that is run."""

    descr: Any
    format: WeightsFormat
    where: str

    @property
    def input(self) -> Any:
        """The description of the one tensor that the model takes."""
        return self.descr.inputs[0]

    def output(self, name: str) -> Any:
        """Return the description of an output; an empty name means the only one. Raises `DataError` for another."""
        names = [str(one.id) for one in self.descr.outputs]
        if name in names:
            return self.descr.outputs[names.index(name)]
        if name or len(names) != 1:
            found = f"has no output '{name}'" if name else f"has {len(names)} outputs, and 'output' names none"
            raise DataError(f"{self.where}: the model {found}; accepted: {', '.join(names)}")
        return self.descr.outputs[0]

    def check(self, entry: Any, what: str) -> None:
        """Raise `ChecksumError` for a described file whose content is not what the description states."""
        _check_hash(entry, what, self.where)

    def tolerance(self, output: str) -> tuple[float, float, float]:
        """Return what the description tolerates of its test output: relative and absolute difference, and how many of a
        million values may differ by more; the format's own numbers where it states none."""
        from bioimageio.spec.model.v0_5 import ReproducibilityTolerance

        for one in self.descr.config.bioimageio.reproducibility_tolerance:
            is_of_format = not one.weights_formats or self.format in one.weights_formats
            if is_of_format and (not one.output_ids or output in map(str, one.output_ids)):
                return one.relative_tolerance, one.absolute_tolerance, float(one.mismatched_elements_per_million)
        default = ReproducibilityTolerance()
        return default.relative_tolerance, default.absolute_tolerance, float(default.mismatched_elements_per_million)


def open_package(path: Path, wanted: str, where: str, *, allow_code: bool) -> Package:
    """Return the model that a path describes (see `harness.descriptions.description_at`).

    `wanted` is a weight format, or "auto" for the first of `FORMATS` whose file is here. Raises `DataError` for a path
    without a description, one that does not validate (an unknown processing step, a missing entry), for a model of
    several inputs, and for weights that are not here; `ChecksumError` for files of another content than described.
    """
    source = description_at(path)
    if source is None:
        raise DataError(
            f"{where}: {path} holds no description of a model; accepted: {', '.join(NAMES)}, a folder or zip with one "
            "of them, or a file beside one"
        )
    descr = _validated(source, where)
    needed = [one for one in descr.inputs if not one.optional]
    if len(needed) != 1 or needed[0] is not descr.inputs[0]:
        names = ", ".join(str(one.id) for one in needed) or "none"
        raise DataError(f"{where}: the model takes {len(needed)} tensors ({names}); accepted: one, an image")
    chosen = _chosen(descr, wanted, where)
    entry = getattr(descr.weights, chosen)
    _check_hash(entry, "the weights", where)
    if chosen == "pytorch_state_dict":
        _check_code(entry.architecture, where, allow_code=allow_code)
    return Package(descr, chosen, where)


def _validated(source: Path, where: str) -> Any:
    from bioimageio.core import load_description
    from bioimageio.spec import InvalidDescr

    try:
        with _without_completeness():
            found = load_description(source, format_version="latest", perform_io_checks=False)
    except Exception as error:  # the library raises whatever its YAML reader and its converters raise
        raise DataError(f"{where}: {source} is no description of a model ({_first_line(error)})") from error
    if isinstance(found, InvalidDescr):
        reason = one_line(found.get_reason() or "no reason given")
        raise DataError(f"{where}: {source} is no valid description: {reason}")
    if found.type != "model":
        raise DataError(f"{where}: {source} describes a {found.type}; accepted: a model")
    return found


@contextmanager
def _without_completeness() -> Iterator[None]:
    """Leave out a statistic of bioimageio.spec, how complete a description is.

    For it version 0.5.12, the one that bioimageio.core 0.11 takes, writes every description as JSON, in a way that
    pydantic 2.14 refuses; 0.5.14 does not.
    """
    from bioimageio.spec._internal.common_nodes import ResourceDescrBase

    kept = ResourceDescrBase._get_metadata_completeness
    ResourceDescrBase._get_metadata_completeness = lambda self: 0.0
    try:
        yield
    finally:
        ResourceDescrBase._get_metadata_completeness = kept


def _chosen(descr: Any, wanted: str, where: str) -> WeightsFormat:
    described = [name for name in FORMATS if getattr(descr.weights, name) is not None]
    others = [name for name, entry in descr.weights if entry is not None and name not in FORMATS]
    if wanted != "auto" and wanted not in described:
        raise DataError(
            f"{where}: the model has no weights in format '{wanted}'; described: {', '.join((*described, *others))}"
        )
    asked = described if wanted == "auto" else [name for name in described if name == wanted]
    here = [name for name in asked if is_here(getattr(descr.weights, name))]
    if here:
        return here[0]
    if not described:
        raise DataError(
            f"{where}: the model has weights in {', '.join(others) or 'no format'}; accepted: {', '.join(FORMATS)}"
        )
    missing = ", ".join(f"{name} '{_name(getattr(descr.weights, name))}'" for name in asked)
    raise DataError(
        f"{where}: no file of the described weights is here: {missing}; accepted: a package with one of them"
    )


def is_here(entry: Any) -> bool:
    """Return whether a described file lies beside the description or in its zip; nothing is downloaded."""
    place = _place(entry)
    return bool(place.is_file()) if hasattr(place, "is_file") else False


def _place(entry: Any) -> Any:
    """Return where a described file lies: a path, a path in a zip, or the address of a file that is not here."""
    return entry.source.absolute() if hasattr(entry.source, "absolute") else entry.source


def _name(entry: Any) -> str:
    return str(entry.source)


def _check_hash(entry: Any, what: str, where: str) -> None:
    import hashlib

    digest = hashlib.sha256(_place(entry).read_bytes()).hexdigest()
    if entry.sha256 is not None and str(entry.sha256) != digest:
        raise ChecksumError(
            f"{where}: {what} '{_name(entry)}' have sha256 {digest}; the description states {entry.sha256}"
        )


def _check_code(architecture: Any, where: str, *, allow_code: bool) -> None:
    if not allow_code:
        raise DataError(
            f"{where}: weights of format 'pytorch_state_dict' run the Python code that the description names; "
            "if you trust it, set allow_code = true, else take another format"
        )
    if hasattr(architecture, "source"):
        if not is_here(architecture):
            raise DataError(f"{where}: the architecture '{_name(architecture)}' is not in the package")
        _check_hash(architecture, "the lines of the architecture", where)


def _first_line(error: Exception) -> str:
    return next((one_line(line) for line in str(error).splitlines() if line.strip()), type(error).__name__)


def devices_of(chosen: WeightsFormat) -> Sequence[str]:
    """Return what the library calls the CPU where it runs a format."""
    return ("CPUExecutionProvider",) if chosen == "onnx" else ("cpu",)
