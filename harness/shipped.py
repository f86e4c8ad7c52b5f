"""Where the suites and the catalogue that come with the package lie: in an installed package, or in its checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_folder() -> Path:
    """Return the folder of the `datasets.toml` and the `suites/` that ship with this package.

    A build copies both into the package (`setup.py`); in a checkout they lie at its top.
    """
    built = _PACKAGE / "shipped"
    return built if built.is_dir() else _PACKAGE.parent
