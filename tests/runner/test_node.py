from __future__ import annotations

from pathlib import Path

import pytest

from harness.identity import installed_version
from harness.runner.node import CODE, NodeMismatchError, compute, differences, look, versions


def test_versions_name_every_distribution_and_the_code() -> None:
    found = versions(("numpy", "no-such-library"))
    assert found["numpy"] == installed_version("numpy")
    assert found["no-such-library"] == ""
    assert len(found[CODE]) == 12
    assert differences(found) == []


def test_a_machine_with_other_versions_says_both() -> None:
    expected = {**versions(("numpy",)), "numpy": "0.1", "no-such-library": "1.0"}
    assert differences(expected) == [
        f"numpy {installed_version('numpy')} in place of 0.1",
        "no-such-library absent in place of 1.0",
    ]
    with pytest.raises(NodeMismatchError, match=r"numpy .* in place of 0\.1"):
        compute(b"", b"", "python", expected)


def test_a_file_of_the_run_is_seen_or_not(tmp_path: Path) -> None:
    (tmp_path / "probe").touch()
    assert look(str(tmp_path / "probe"), {}) == (True, [])
    assert look(str(tmp_path / "other"), {CODE: "0"})[0] is False
    assert look(str(tmp_path / "other"), {CODE: "0"})[1]
