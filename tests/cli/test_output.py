"""Results and logs go to their own streams."""

from __future__ import annotations

import pytest

from harness.cli.output import columns, json_result, log, result


def test_streams(capsys: pytest.CaptureFixture[str]) -> None:
    result("a result")
    result("with its own end\n")
    log("a log line")
    out, err = capsys.readouterr()
    assert out == "a result\nwith its own end\n"
    assert err == "a log line\n"


def test_json_is_strict(capsys: pytest.CaptureFixture[str]) -> None:
    json_result({"a": [1, None]}, one_line=True)
    assert capsys.readouterr().out == '{"a": [1, null]}\n'
    with pytest.raises(ValueError, match="JSON"):
        json_result({"a": float("nan")})


def test_columns_are_aligned_without_trailing_blanks() -> None:
    assert columns(("id", "what"), [("long name", "x"), ("b", "")]) == "id         what\nlong name  x\nb"
