"""What records say about a suite's claims, as lines of a table."""

from __future__ import annotations

from collections.abc import Iterable

from harness.standing.claims import ClaimVerdict
from harness.tables.model import ClaimLine


def claim_lines(verdicts: Iterable[ClaimVerdict]) -> tuple[ClaimLine, ...]:
    """Return verdicts on claims as lines of a table."""
    return tuple(_claim_line(verdict) for verdict in verdicts)


def _claim_line(verdict: ClaimVerdict) -> ClaimLine:
    numbers = ", ".join(f"{name} {value:.4g}" for name, value in verdict.numbers)
    printed = f"the source's own numbers: {verdict.printed}" if verdict.printed else ""
    said = "; ".join(part for part in (verdict.why or numbers, verdict.agreement, verdict.margin, printed) if part)
    return ClaimLine(verdict.claim, verdict.sentence, verdict.where, verdict.outcome, said, verdict.data)
