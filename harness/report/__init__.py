"""The report: static pages made of tables and records."""

from __future__ import annotations

from harness.report.site import write_report

__all__ = ["write_report"]
