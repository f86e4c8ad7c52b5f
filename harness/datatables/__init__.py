"""Tables of data: facts computed from datasets, splits and registered weights, beside what a source prints."""

from __future__ import annotations

from harness.datatables.rows import DataTableRow, Outcome, ValueVerdict, data_table_rows
from harness.datatables.statements import StatementInputs, Value, compute_statements, statement_inputs

__all__ = [
    "DataTableRow",
    "Outcome",
    "StatementInputs",
    "Value",
    "ValueVerdict",
    "compute_statements",
    "data_table_rows",
    "statement_inputs",
]
