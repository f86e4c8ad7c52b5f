"""Where the datasets of this package are declared."""

from __future__ import annotations

from pathlib import Path

CATALOGUE = Path(__file__).with_name("datasets.toml")
