from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from harness.datasets.fetching.http import ATTEMPTS, TransferError, attempted, refusal, user_agent, without_secrets


def _answer(status: int, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(status_code=status, reason="Reason", headers=named)


def test_the_name_of_the_project() -> None:
    assert user_agent().startswith("segmentation-harness/")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://me:secret@host:80/a%20b?x=1#y", "https://host:80/a%20b?x=1#y"),
        ("https://host/a?download=1&X-Amz-Signature=abc&token=t", "https://host/a?download=1"),
        ("https://host/a?apikey=1", "https://host/a"),
        ("https://host/a?monkey=1&b=%20", "https://host/a?monkey=1&b=%20"),
        ("https://[bad/a", "https://[bad/a"),
    ],
)
def test_passwords_are_not_said(url: str, said: str) -> None:
    assert without_secrets(url) == said


def test_a_pause_is_a_number_or_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
    pauses = [refusal("u", _answer(503, Retry_After=text)).pause_s for text in ("7", later, "soon", "")]
    assert pauses[0] == 7
    assert 40 < pauses[1] <= 50
    assert pauses[2:] == [0, 0]


@pytest.mark.parametrize(("status", "is_final"), [(204, True), (403, True), (404, True), (429, False), (500, False)])
def test_which_answers_are_final(status: int, is_final: bool) -> None:
    assert refusal("u", _answer(status)).is_final is is_final


def test_attempts_end() -> None:
    waits: list[float] = []

    def fail() -> None:
        raise TransferError("busy", is_final=False, pause_s=0.7)

    with pytest.raises(TransferError, match="busy"):
        attempted(fail, waits.append)
    assert waits == [0.7, 1.0, 2.0]
    assert len(waits) == ATTEMPTS - 1
