"""Reading a StarDist model from a folder or a zip, with errors that say what is wrong with it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.archives import unpack
from harness.errors import DataError
from harness.stages.stardist.options import StarDistOptions

WEIGHT_FILES = ("weights_best.h5", "stardist_weights.h5", "weights_last.h5")
DESCRIPTION = "rdf.yaml"
LIBRARY_THRESHOLDS = {"prob": 0.5, "nms": 0.4}


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on disk: its configuration, its weight file and its thresholds."""

    folder: Path
    config: dict[str, Any]
    weights: Path
    thresholds: dict[str, float]


def read_model(source: Path, scratch: Path) -> ModelFiles:
    """Return the files of a model folder, or of a zip that is unpacked into `scratch`.

    The model may lie one folder down, as in the registered zips. A bioimage.io export states configuration and
    thresholds in its rdf.yaml. Raises `DataError` for anything missing.
    """
    folder = _model_folder(source, scratch)
    if (folder / "config.json").is_file():
        config, thresholds = _read_json(folder / "config.json"), _read_thresholds(folder / "thresholds.json")
    else:
        config, thresholds = _read_description(folder / DESCRIPTION)
    present = sorted(path.name for path in folder.glob("*.h5"))
    named = [name for name in WEIGHT_FILES if name in present] or (present if len(present) == 1 else [])
    if not named:
        raise DataError(
            f"{folder}: no weight file of a StarDist model; found: {', '.join(present) or 'no .h5 file'}; "
            f"accepted: {', '.join(WEIGHT_FILES)}, or a single .h5 file"
        )
    return ModelFiles(folder, config, folder / named[0], thresholds)


def build_model(model_class: Any, files: ModelFiles) -> Any:
    """Return the library's model with the weights of `files`; raises `DataError` if they do not fit each other."""
    config_class = {"StarDist2D": _config_class("Config2D"), "StarDist3D": _config_class("Config3D")}
    wanted = config_class[model_class.__name__]
    found = files.config.get("n_dim")
    if found != (2 if wanted.__name__ == "Config2D" else 3):
        raise DataError(f"{files.folder}: config.json has n_dim {found}; {model_class.__name__} accepts its own only")
    try:
        config = wanted(**wanted.update_loaded_config(dict(files.config)))
        model = model_class(config, basedir=None)
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise DataError(f"{files.folder}: config.json is not one of {model_class.__name__}: {error}") from error
    try:
        model.keras_model.load_weights(str(files.weights))
    except (ValueError, KeyError, OSError) as error:
        raise DataError(
            f"{files.weights}: the weights do not fit config.json (backbone '{config.backbone}', {config.n_rays} rays, "
            f"grid {list(config.grid)}): {' '.join(str(error).split())}"
        ) from error
    model.thresholds = dict(files.thresholds)
    return model


def require_architecture(config: Any, options: StarDistOptions, where: str) -> None:
    """Raise `DataError` if a model is not the one that the parameters describe: a record states the parameters."""
    found = {"backbone": config.backbone, "grid": list(config.grid), "n_rays": config.n_rays}
    wanted = {"backbone": options.backbone, "grid": list(options.grid), "n_rays": options.n_rays}
    differing = [name for name in found if found[name] != wanted[name]]
    if differing:
        has = ", ".join(f"{name} {found[name]!r}" for name in differing)
        asks = ", ".join(f"{name} {wanted[name]!r}" for name in differing)
        raise DataError(f"{where}: the model of 'weights' has {has}; the stage asks {asks}; accepted: equal ones")


def _config_class(name: str) -> Any:
    import stardist.models

    return getattr(stardist.models, name)


def _model_folder(source: Path, scratch: Path) -> Path:
    if source.is_file():
        if not zipfile.is_zipfile(source):
            raise DataError(f"{source}: not a StarDist model; accepted: a folder, or a zip of one")
        source = unpack(source, scratch / "unpacked")
    candidates = [source, *sorted(path for path in source.glob("*") if path.is_dir())]
    holding = [folder for name in ("config.json", DESCRIPTION) for folder in candidates if (folder / name).is_file()]
    if not holding:
        found = ", ".join(sorted(path.name for path in source.glob("*"))[:8])
        raise DataError(
            f"{source}: no config.json or {DESCRIPTION}; found: {found or 'nothing'}; "
            "accepted: the folder of a StarDist model"
        )
    return holding[0]


def _read_thresholds(path: Path) -> dict[str, float]:
    if not path.is_file():
        raise DataError(f"{path}: missing; accepted: a file like {json.dumps(LIBRARY_THRESHOLDS)}")
    return _checked_thresholds(_read_json(path), path)


def _checked_thresholds(values: Mapping[str, Any], path: Path) -> dict[str, float]:
    for name in LIBRARY_THRESHOLDS:
        value = values.get(name)
        if not isinstance(value, int | float) or not 0 < value < 1:
            raise DataError(f"{path}: '{name}' is {value!r}; accepted: a number between 0 and 1")
    return {name: float(values[name]) for name in LIBRARY_THRESHOLDS}


def _read_description(path: Path) -> tuple[dict[str, Any], dict[str, float]]:
    """Return configuration and thresholds of a bioimage.io export of the library (`config.stardist` in rdf.yaml)."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from error
    place = content
    for name in ("config", "stardist"):
        place = place.get(name) if isinstance(place, dict) else None
    config, thresholds = (place.get("config"), place.get("thresholds")) if isinstance(place, dict) else (None, None)
    if not isinstance(config, dict) or not isinstance(thresholds, dict):
        raise DataError(f"{path}: no 'config.stardist' with 'config' and 'thresholds'; accepted: an export of StarDist")
    return config, _checked_thresholds(thresholds, path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not readable as JSON: {error}") from error
    if not isinstance(values, dict):
        raise DataError(f"{path}: holds a {type(values).__name__}; accepted: an object")
    return values
