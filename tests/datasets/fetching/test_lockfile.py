from __future__ import annotations

from pathlib import Path

import pytest

from harness.datasets.fetching import lockfile
from harness.datasets.fetching.fetch import Owner
from harness.datasets.fetching.lockfile import LockFile, Pin, pin_seal
from harness.errors import ConfigError, FetchError


def _pin(digit: str) -> Pin:
    return Pin(sha256=digit * 64, size=3, url='http://host/a "b"\\', listed="md5:00")


def _kept(lock: LockFile, owner: Owner, name: str) -> dict[str, Pin]:
    """Return the pins of an entry without their seals, each of which is right."""
    found = lock.pins(owner, name)
    assert all(pin.seal == pin_seal(owner, name, file, pin) for file, pin in found.items())
    return {file: pin.model_copy(update={"seal": ""}) for file, pin in found.items()}


def test_pins_are_kept_in_canonical_order(tmp_path: Path) -> None:
    lock = LockFile(tmp_path)
    assert lock.pins("datasets", "nuclei") == {}
    lock.add("weights", "model/1", {"z/b.h5": _pin("1")})
    lock.add("datasets", "nuclei", {"b.h5": _pin("2")})
    lock.add("datasets", "nuclei", {"a.h5": _pin("3")})
    assert _kept(lock, "datasets", "nuclei") == {"a.h5": _pin("3"), "b.h5": _pin("2")}
    assert _kept(lock, "weights", "model/1") == {"z/b.h5": _pin("1")}
    text = lock.path.read_text()
    lock.add("datasets", "nuclei", {"a.h5": _pin("3")})
    assert lock.path.read_text() == text
    assert {path.name for path in tmp_path.iterdir()} == {"datasets.lock.toml", ".datasets.lock.toml.mutex"}


def test_the_file_is_parsed_again_only_if_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = LockFile(tmp_path)
    lock.add("datasets", "nuclei", {"a.h5": _pin("1")})
    first = lock.pins("datasets", "nuclei")
    monkeypatch.setattr(lockfile, "TomlSource", None)
    assert LockFile(tmp_path).pins("datasets", "nuclei") is first
    monkeypatch.undo()
    lock.path.write_text(lock.path.read_text().replace("1" * 64, "2" * 64) + "\n")
    altered = lock.pins("datasets", "nuclei")["a.h5"]
    assert altered.sha256 == "2" * 64
    assert altered.seal != pin_seal("datasets", "nuclei", "a.h5", altered), "as `harness audit` sees"


def test_a_damaged_lock_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "datasets.lock.toml").write_text('[datasets.a."b.h5"]\nsha256 = "no"\nsize = 1\n')
    with pytest.raises(ConfigError, match=r"datasets.lock.toml:2: datasets.a.b.h5.sha256"):
        LockFile(tmp_path).pins("datasets", "a")


def test_pins_of_a_folder_that_cannot_be_written_are_kept_in_the_cache(tmp_path: Path) -> None:
    lock = LockFile(tmp_path / "absent")
    lock.add("datasets", "nuclei", {"a": _pin("1")})
    lock.add("datasets", "nuclei", {"b": _pin("2")})
    assert _kept(LockFile(tmp_path / "absent"), "datasets", "nuclei") == {"a": _pin("1"), "b": _pin("2")}
    assert LockFile(tmp_path / "other").pins("datasets", "nuclei") == {}
    assert not (tmp_path / "absent").exists()


def test_pins_that_can_be_kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "file"))
    with pytest.raises(FetchError, match=r"the hash of 'nuclei' cannot be kept: .*HARNESS_CACHE sets"):
        LockFile(tmp_path / "absent").add("datasets", "nuclei", {"a": _pin("1")})
