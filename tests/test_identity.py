from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

import harness
from harness.hashing import hash_file
from harness.identity import file_code, installed_version, library_versions, module_code, own_versions

PACKAGE = Path(harness.__file__).parent
STAGE = "harness.stages.classical.otsu_components"


def code_after(tmp_path: Path, edits: dict[str, tuple[str, str]], module: str = STAGE) -> str:
    """Return the digest of a module in a copy of the package in which texts of files are replaced."""
    folder = tmp_path / "copy"
    shutil.copytree(PACKAGE, folder / "harness", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    for file, (old, new) in edits.items():
        path = folder / "harness" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    return module_code(module, folder)


def test_the_digest_is_that_of_the_sources(tmp_path: Path) -> None:
    assert code_after(tmp_path, {}) == module_code(STAGE)
    assert module_code(STAGE) != module_code("harness.stages.classical.log_watershed")


def test_an_edited_helper_of_a_stage_changes_its_digest(tmp_path: Path) -> None:
    edited = code_after(tmp_path, {"stages/arrays.py": ("max(minimum, 1)", "max(minimum, 2)")})
    assert edited != module_code(STAGE)


def test_a_helper_imported_inside_a_function_counts(tmp_path: Path) -> None:
    package = tmp_path / "tool"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "method.py").write_text("def run():\n    from .helper import level\n    return level\n")
    (package / "helper.py").write_text("from tool.deep import level\n")
    digests = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        shutil.copytree(package, folder / "tool")
        (folder / "tool" / "deep.py").write_text(f"level = {number}\n")
        digests.append(module_code("tool.method", folder))
    assert digests[0] != digests[1]


def test_what_lies_beside_a_plug_in_counts_if_it_is_imported(tmp_path: Path) -> None:
    plugin = tmp_path / "method.py"
    plugin.write_text("import numpy\nfrom harness import Stage\n")
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("")
    alone = file_code(plugin)
    assert alone == hash_file(plugin)
    (tmp_path / "own" / "deep").mkdir(parents=True)
    for name in ("helper.py", "own/__init__.py", "own/deep/__init__.py", "own/deep/level.py", "unused.py"):
        (tmp_path / name).write_text("")
    plugin.write_text("def run():\n    import own.deep.level\n    from helper import level\n")
    (tmp_path / "own" / "deep" / "level.py").write_text("from ..other import value\n")
    (tmp_path / "own" / "other.py").write_text("value = 1\n")
    found = [file_code(plugin)]
    for name in ("helper.py", "own/__init__.py", "own/deep/__init__.py", "own/deep/level.py", "own/other.py"):
        (tmp_path / name).write_text((tmp_path / name).read_text() + "value = 2\n")
        found.append(file_code(plugin))
    assert len(set(found)) == len(found) == 6
    (tmp_path / "unused.py").write_text("value = 2\n")
    assert file_code(plugin) == found[-1]


def test_a_file_that_is_no_python_counts_by_its_bytes(tmp_path: Path) -> None:
    for content in (b"import (", b"\0", b"# \xff"):
        (tmp_path / "a.py").write_bytes(content)
        assert file_code(tmp_path / "a.py") == hash_file(tmp_path / "a.py")


def test_what_computes_nothing_does_not_count(tmp_path: Path) -> None:
    edits = {"stages/classical/otsu_components.py": ('"""Otsu', '"""Other words. Otsu')}
    assert code_after(tmp_path, edits) == module_code(STAGE)
    untouched = code_after(tmp_path, {"stages/stardist/augment.py": ("import numpy", "import  numpy")})
    assert untouched == module_code(STAGE)


def test_imports_for_types_alone_do_not_count(tmp_path: Path) -> None:
    package = tmp_path / "typed"
    package.mkdir()
    guarded = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from typed import other\n"
    (package / "method.py").write_text(guarded)
    alone = module_code("typed.method", tmp_path)
    shutil.copytree(package, tmp_path / "two" / "typed")
    (tmp_path / "two" / "typed" / "other.py").write_text("x = 1\n")
    assert module_code("typed.method", tmp_path / "two") == alone


def test_versions_follow_from_the_modules_that_are_needed() -> None:
    found = library_versions(("skimage", "scipy.ndimage", "no_such_library"))
    assert found["scikit-image"] == version("scikit-image")
    assert found["scipy"] == version("scipy")
    assert found["numpy"] == version("numpy"), "what a library requires goes along"
    assert library_versions(()) == {}


def test_own_versions_are_those_of_the_requirements() -> None:
    assert own_versions()["numpy"] == version("numpy")
    assert "torch" not in own_versions(), "extras are not required"


@pytest.mark.parametrize(("name", "expected"), [("numpy", version("numpy")), ("no-such-distribution", "")])
def test_what_is_not_installed_has_no_version(name: str, expected: str) -> None:
    assert installed_version(name) == expected
