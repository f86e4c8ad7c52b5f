"""What pyproject.toml cannot say of the build: suites and the catalogue lie at the top and ship in the package."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = Path("harness", "shipped")
"""Where an installed package keeps them; `harness.shipped` looks there."""


class BuildWithSuites(build_py):
    """Copies suites, catalogue and items into the built package; an editable install reads those of the checkout."""

    def run(self) -> None:
        """Build as setuptools does, then copy."""
        super().run()
        if not self.editable_mode:
            top, target = Path(__file__).resolve().parent, Path(self.build_lib) / SHIPPED
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(top / "suites", target / "suites", dirs_exist_ok=True)
            for name in ("datasets.toml", "items.toml"):
                shutil.copyfile(top / name, target / name)


setup(cmdclass={"build_py": BuildWithSuites})
