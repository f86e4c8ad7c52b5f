"""The report: tables put together from results, and static pages made of them."""

from __future__ import annotations

from harness.report.assemble import metric_facts, suite_claims, suite_table
from harness.report.site import write_report

__all__ = ["metric_facts", "suite_claims", "suite_table", "write_report"]
