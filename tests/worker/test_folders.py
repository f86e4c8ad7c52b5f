"""Entries are removed whatever stands in their place; only old drafts are swept."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from harness.worker.folders import STALE_S, remove, share, sweep_drafts


def test_folders_files_and_links_are_removed_and_targets_stay(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "kept").write_text("x")
    folder, file, link = tmp_path / "folder", tmp_path / "file", tmp_path / "link"
    (folder / "inner").mkdir(parents=True)
    file.write_text("x")
    link.symlink_to(target)
    for entry in (folder, file, link, tmp_path / "absent"):
        remove(entry)
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (target / "kept").exists()


def test_only_drafts_of_more_than_a_day_are_swept(tmp_path: Path) -> None:
    old, young = tmp_path / "old", tmp_path / "young"
    for draft in (old, young):
        draft.mkdir()
    now_s = time.time()
    os.utime(old, (now_s - STALE_S - 60, now_s - STALE_S - 60))
    sweep_drafts([old, young, tmp_path / "gone"], now_s=now_s)
    assert [path.name for path in tmp_path.iterdir()] == ["young"]


def test_a_model_has_the_access_of_its_folder(tmp_path: Path) -> None:
    draft = tmp_path / "draft"
    (draft / "inner").mkdir(parents=True)
    draft.chmod(0o770)
    (draft / "inner").chmod(0o700)
    file, link = draft / "inner" / "weights", draft / "link"
    file.write_text("x")
    file.chmod(0o600)
    link.symlink_to(tmp_path / "absent")
    share(draft)
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE((draft / "inner").stat().st_mode)) == (0o660, 0o770)
