"""The command line in a small project."""

from __future__ import annotations

import pytest

from harness import registry
from harness.registry import Registry


@pytest.fixture
def own_stages(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry that tests may add to."""
    copy = Registry("stage")
    for entry in registry.stages():
        copy.add(entry)
    monkeypatch.setattr(registry, "stages", lambda: copy)
    return copy
