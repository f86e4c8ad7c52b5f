"""Claims of a source as rules, each a class that says what it compares; pure: values in, an outcome out.

`rules` has the union that suite files are validated against. A further kind of rule is one class (`rule.ClaimRule`)
and its name in that union.
"""

from harness.claims.decide import Decision, Outcome, decide, holds_as_printed
from harness.claims.group import Direction, Group, UndecidableError
from harness.claims.naming import NamedRow, Selector
from harness.claims.rules import SECONDS, Rule

__all__ = [
    "SECONDS",
    "Decision",
    "Direction",
    "Group",
    "NamedRow",
    "Outcome",
    "Rule",
    "Selector",
    "UndecidableError",
    "decide",
    "holds_as_printed",
]
