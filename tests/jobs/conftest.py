from __future__ import annotations

from tests.runner.conftest import project

__all__ = ["project"]
