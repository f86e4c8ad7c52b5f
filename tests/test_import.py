from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import harness

HEAVY = (
    "torch", "tensorflow", "stardist", "cellpose", "skimage", "bioimage_cpp", "elf", "hdbscan", "sklearn", "numba",
    "pandas", "scipy",
)  # fmt: skip
LIGHT_MODULES = ("harness", "harness.suite", "harness.registry", "harness.store", "harness.claims", "harness.cli.main")


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_importing_loads_no_heavy_library(module: str) -> None:
    assert not modules_after(f"import {module}") & set(HEAVY)


def test_importing_the_package_loads_neither_numpy_nor_pydantic() -> None:
    assert not modules_after("import harness") & {"numpy", "pydantic"}


def test_listing_every_stage_and_metric_loads_no_heavy_library() -> None:
    statement = "from harness.registry import metrics, stages\nlist(stages()), list(metrics())"
    assert not modules_after(statement) & set(HEAVY)


def test_every_public_name_can_be_imported() -> None:
    statement = "import harness\nassert all(getattr(harness, name) for name in harness.__all__)"
    assert "harness" in modules_after(statement)


def test_unknown_public_name_is_an_attribute_error() -> None:
    import harness

    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        _ = harness.scores


def test_a_public_name_stands_in_each_of_its_lists() -> None:
    """Type checkers read the imports and `__all__`, the interpreter reads the homes."""
    tree = ast.parse(Path(harness.__file__).read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == harness._HOMES
    assert set(harness.__all__) == set(imported)
