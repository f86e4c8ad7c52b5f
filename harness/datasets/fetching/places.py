"""Where data comes from and goes to: the cache, the mirror, local folders. The environment is read at each call."""

from __future__ import annotations

import os
from pathlib import Path

from harness.archives import is_plain_relative
from harness.errors import ConfigError


def cache_folder() -> Path:
    """Return `HARNESS_CACHE`, else the user's cache folder of this program.

    Raises `ConfigError` where neither is known: without a home there is no folder of the user's.
    """
    chosen = os.environ.get("HARNESS_CACHE")
    if chosen:
        return expanded(chosen, "HARNESS_CACHE")
    import platformdirs

    homeless = "no cache folder: HOME is not set and this user has no home; set HARNESS_CACHE to a folder"
    try:
        folder = Path(platformdirs.user_cache_dir("segmentation-harness"))
    except RuntimeError as error:
        raise ConfigError(homeless) from error
    if "~" in folder.parts:
        raise ConfigError(homeless)
    return folder


def mirror() -> Path | str | None:
    """Return `HARNESS_MIRROR` as a folder or an http(s) address without a final slash; None where it is not set."""
    chosen = os.environ.get("HARNESS_MIRROR")
    if not chosen:
        return None
    if chosen.startswith(("http://", "https://")):
        return chosen.rstrip("/")
    return expanded(chosen, "HARNESS_MIRROR")


def expanded(path: str, what: str) -> Path:
    """Return a path with "~" as the home it stands for; raises `ConfigError`, beginning with `what`, for no home."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{what}: '{path}' begins with a home that is not known ({error})") from error


def is_offline() -> bool:
    """Return whether `HARNESS_OFFLINE` forbids every address but that of the mirror."""
    value = os.environ.get("HARNESS_OFFLINE", "").strip().lower()
    if value in ("", "0", "false", "no"):
        return False
    if value in ("1", "true", "yes"):
        return True
    raise ConfigError(f"HARNESS_OFFLINE: found '{value}'; accepted: 1, true, yes, 0, false, no or nothing")


def data_folder(catalogue_folder: Path) -> Path:
    """Return `HARNESS_DATA`, else the folder of the catalogue: what a relative `path = …` starts from."""
    chosen = os.environ.get("HARNESS_DATA")
    return expanded(chosen, "HARNESS_DATA") if chosen else catalogue_folder


def is_relative_pattern(pattern: str) -> bool:
    """Return whether a glob is relative, stays below its folder, and has "**" only as a whole part."""
    return is_plain_relative(pattern) and all(part == "**" or "**" not in part for part in pattern.split("/"))
