"""Disks that are full for a while: a run says so, keeps what it has stored, and the next one does the rest."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.campaign.kills import AGAIN_S, check_gone, made, reference, said, started, told
from tests.runner.project import Project

ACCEPTED = (0, 2, 3)
"""Complete, refused with one line, or with cells that were lost."""


@dataclass(frozen=True)
class Disks:
    """Runs whose files may not grow beyond a size, which the kernel refuses as it refuses on a full disk."""

    name: str = "disks"

    def prepare(self, folder: Path) -> Mapping[Any, object]:
        """Return what the records of a run say that nobody disturbs."""
        return reference(folder / "reference")

    def attempt(self, originals: Mapping[Any, object], random: Random, folder: Path) -> None:
        """Run with little room, then with enough."""
        project = made(folder / "project")
        limit = int(2 ** random.choice((random.uniform(7, 16), random.uniform(11, 13))))  # half meet a worker first
        code = _limited(project, limit).wait(AGAIN_S)
        assert code in ACCEPTED, f"files of {limit} bytes: the run left with {code}: {said(project)}"
        assert "Traceback" not in said(project), f"files of {limit} bytes: {said(project)}"
        check_gone(project, f"files of {limit} bytes")
        kept = {place: one for place, one in told(project).items() if originals[place] == one}
        failed = [one for one in project.store().records() if one.id not in kept]
        blamed = [f"{one.id}: {one.status}: {one.error}" for one in failed if one.status != "lost"]
        assert not blamed, f"files of {limit} bytes: a score is not what it was, or a method is blamed: {blamed}"
        assert started(project, jobs=1).wait(AGAIN_S) == 0, said(project)
        assert told(project) == originals


def _limited(project: Project, limit: int) -> subprocess.Popen[bytes]:
    """Start a run in which no file can grow beyond `limit` bytes.

    It compiles no modules: Python 3.11 keeps what it could write of one, and no later run could import that.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    (project.folder / "said").touch()
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        return started(project, jobs=1, PYTHONDONTWRITEBYTECODE="1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
