"""A real browser for tests of the report: Chromium of the system, driven by Playwright, with nothing but files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_path() -> str:
    """Return the browser of this machine: `HARNESS_BROWSER`, else one that is installed; "" for none."""
    return os.environ.get("HARNESS_BROWSER") or next((found for name in NAMES if (found := shutil.which(name))), "")


@contextmanager
def opened() -> Iterator[Any]:
    """Yield a browser; skips the test, with the reason, where there is none."""
    path = browser_path()
    if not path:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed, and HARNESS_BROWSER names none")
    sync_api = pytest.importorskip("playwright.sync_api", reason="no browser: Playwright is not installed")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
