from __future__ import annotations

import getpass
import json
import platform
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness import provenance
from harness.provenance import Environment, Hardware, commit_of_code, environment


def test_environment_names_packages_and_hardware_but_nobody() -> None:
    found = environment(2)
    data = found.to_json()
    assert data["packages"]["numpy"]
    assert data["threads"] == 2
    assert data["python"].startswith(platform.python_implementation())
    text = json.dumps(data)
    assert not {platform.node(), getpass.getuser()} & set(text.split('"'))
    assert str(Path.home()) not in text


def test_fingerprint_changes_with_what_matters() -> None:
    hardware = Hardware("AMD EPYC 7B13 64-Core Processor", 64, 128, 512, ("NVIDIA H100", "NVIDIA H100"))
    first = Environment("CPython 3.11.7", "Linux 6.8", hardware, {"numpy": "2.0.2"}, 4)
    assert first.fingerprint == replace(first).fingerprint
    others = [
        replace(first, threads=5),
        replace(first, packages={"numpy": "2.1.0"}),
        replace(first, hardware=replace(hardware, gpus=())),
    ]
    assert len({environment.fingerprint for environment in (first, *others)}) == 4


@pytest.mark.parametrize(
    ("cpu", "gpus", "readable"),
    [
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", (), "intel-xeon-2c-"),
        ("AMD EPYC 7B13 64-Core Processor", ("NVIDIA H100 PCIe",), "amd-epyc-7b13-2c-h100-pcie-"),
    ],
)
def test_machine_is_readable(cpu: str, gpus: tuple[str, ...], readable: str) -> None:
    machine = Hardware(cpu, 1, 2, 8, gpus).machine
    assert machine.startswith(readable)
    assert len(machine) == len(readable) + 8


def test_commit_and_dirty_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "harness"
    package.mkdir()
    (package / "provenance.py").write_text("")
    monkeypatch.setattr(provenance, "__file__", str(package / "provenance.py"))

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert commit_of_code() == ("unknown", None), "an installed package"
    git("init", "-q")
    assert commit_of_code() == ("unknown", None), "a package inside a foreign repository"
    git("add", "harness")
    assert commit_of_code() == ("unknown", None), "nothing is committed"
    git("commit", "-q", "-m", "x")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "scores.jsonl").write_text("written by the run itself")
    assert commit_of_code() == (git("rev-parse", "HEAD"), False)
    (package / "new.py").write_text("")
    assert commit_of_code() == (git("rev-parse", "HEAD"), True)
    with monkeypatch.context() as patch:
        patch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        assert commit_of_code() == ("unknown", None), "git refuses the owner"
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert commit_of_code() == ("unknown", None), "git is not installed"
