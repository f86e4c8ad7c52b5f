"""Tables of data: facts computed from datasets, splits and registered weights, beside what a source prints."""

from __future__ import annotations

from harness.datatables.facts import FactInputs, Value, compute_facts, fact_inputs
from harness.datatables.rows import DataTableRow, ValueVerdict, data_table_rows

__all__ = [
    "DataTableRow",
    "FactInputs",
    "Value",
    "ValueVerdict",
    "compute_facts",
    "data_table_rows",
    "fact_inputs",
]
