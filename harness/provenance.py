"""Where a number was made: code, packages, hardware, threads. Never a path, a user's or a host's name."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import psutil

from harness import registry
from harness.hashing import hash_value
from harness.identity import library_versions, own_versions
from harness.threads import usable_cores

UNKNOWN = "unknown"
"""The commit of code that git does not know."""

_CODE = ("harness", "suites", "datasets.toml", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Hardware:
    """The machine: CPU model, physical and usable logical cores, memory in GiB, GPU models."""

    cpu: str
    cores: int
    usable_cores: int
    memory_gib: int
    gpus: tuple[str, ...] = ()

    @property
    def machine(self) -> str:
        """A readable id of machines that are alike: CPU model, cores, GPUs and a short hash of them."""
        parts = [_slug(self.cpu), f"{self.usable_cores}c", *sorted({_slug(gpu) for gpu in self.gpus})]
        return "-".join([*parts, hash_value([self.cpu, self.cores, self.usable_cores, list(self.gpus)])[:8]])


@dataclass(frozen=True, slots=True)
class Environment:
    """What a record's numbers depend on besides its cell: interpreter, packages, system, hardware, threads."""

    python: str
    system: str
    hardware: Hardware
    packages: Mapping[str, str] = field(hash=False)
    threads: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form kept in `environments/<fingerprint>.json`."""
        return {
            "schema": 1,
            "python": self.python,
            "system": self.system,
            "machine": self.hardware.machine,
            "cpu": self.hardware.cpu,
            "cores": self.hardware.cores,
            "usable_cores": self.hardware.usable_cores,
            "memory_gib": self.hardware.memory_gib,
            "gpus": list(self.hardware.gpus),
            "packages": dict(self.packages),
            "threads": self.threads,
        }

    @property
    def fingerprint(self) -> str:
        """The first 16 hex digits of the hash of the JSON form."""
        return hash_value(self.to_json())[:16]


def environment(threads: int) -> Environment:
    """Return the environment of this process."""
    return Environment(python_version(), system(), hardware(), package_versions(), threads)


def python_version() -> str:
    """Return implementation and version of the interpreter ("CPython 3.11.7")."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def system() -> str:
    """Return kernel family, its major and minor version, and the architecture ("Linux 6.8 x86_64")."""
    release = re.match(r"\d+\.\d+", platform.release())
    return " ".join(part for part in (platform.system(), release[0] if release else "", platform.machine()) if part)


def package_versions() -> dict[str, str]:
    """Return the versions of what this package requires, of what its stages need, and of the packages that plug in.

    These are the installed distributions whose version can change a score or a runtime.
    """
    plugins = {
        point.dist.name: point.dist.version
        for group in ("harness.stages", "harness.datasets", "harness.metrics")
        for point in entry_points(group=group)
        if point.dist
    }
    needed = {module for entry in registry.stages() if entry.item is not None for module in entry.item.needs}
    return dict(sorted({**own_versions(), **library_versions(needed), **plugins}.items()))


@cache
def hardware() -> Hardware:
    """Return this machine's hardware."""
    return Hardware(
        cpu=_cpu_model(),
        cores=psutil.cpu_count(logical=False) or os.cpu_count() or 1,
        usable_cores=usable_cores(),
        memory_gib=round(psutil.virtual_memory().total / 2**30),
        gpus=_gpu_models(),
    )


def commit_of_code() -> tuple[str, bool | None]:
    """Return the commit of the checkout that holds this package, and whether its code differs from it.

    ("unknown", None) where git cannot say: an installed package, no git, a repository of another owner, no commit.
    """
    root = Path(__file__).resolve().parents[1]
    git = shutil.which("git")
    if git is None or _git(git, root, "ls-files", "--error-unmatch", "harness/provenance.py") is None:
        return UNKNOWN, None
    commit = _git(git, root, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return UNKNOWN, None
    changes = _git(git, root, "status", "--porcelain", "--", *_CODE)
    return commit.strip(), None if changes is None else bool(changes.strip())


def _git(git: str, root: Path, *arguments: str) -> str | None:
    """Return git's output, or None if it refuses (no repository, no commit yet, not a tracked file)."""
    done = subprocess.run(
        [git, "-C", str(root), "--no-optional-locks", *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE)
        if named:
            return " ".join(named[1].split())
    return platform.processor() or platform.machine()


def _gpu_models() -> tuple[str, ...]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    command = [tool, "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except subprocess.TimeoutExpired:
        return ("unknown GPU: nvidia-smi does not answer",)
    return tuple(sorted(line.strip() for line in done.stdout.splitlines())) if done.returncode == 0 else ()


def _slug(name: str) -> str:
    """Return a short lower-case form: trade marks, clock rates and filler words are left out."""
    bare = re.sub(r"\((r|tm)\)|@.*$|\b(cpu|processor|nvidia|geforce|\d+-core)\b", " ", name.lower())
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")
