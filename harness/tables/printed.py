"""What every kind of table can do: renderers, pages and commands know no kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from harness.model import Tier
from harness.tables.caption import PrintedFigure
from harness.tables.grid import Grid
from harness.tables.model import ClaimLine, Failure, Table


class Printed(Protocol):
    """A table of a suite on a tier, ready to be read."""

    @property
    def suite(self) -> str:
        """Id of the suite."""

    @property
    def version(self) -> int:
        """Version of the suite."""

    @property
    def tier(self) -> Tier:
        """The tier."""

    @property
    def heading(self) -> str:
        """Title and source."""

    @property
    def lines(self) -> Sequence[str]:
        """What must be read before any value."""

    @property
    def grid(self) -> Grid:
        """The values as cells of text."""

    @property
    def notes(self) -> Sequence[str]:
        """What is said below the values."""

    @property
    def failures(self) -> Sequence[Failure]:
        """Cells that failed."""

    @property
    def claims(self) -> Sequence[ClaimLine]:
        """What the records say of the suite's claims."""

    @property
    def figures(self) -> Sequence[PrintedFigure]:
        """Figures that can be drawn of it, with what must be read beside them."""

    @property
    def scores(self) -> Table | None:
        """The value behind a table of scores; None for one that ranks nothing."""

    @property
    def machine(self) -> str:
        """Whose seconds it shows; "" for none."""

    @property
    def row_count(self) -> int:
        """Number of rows."""

    @property
    def state(self) -> str:
        """How complete it is, in words."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing failed and nothing is missing."""

    @property
    def is_broken(self) -> bool:
        """Whether a claim does not hold."""

    def markdown(self) -> str:
        """Return it as Markdown."""

    def latex(self) -> str:
        """Return it as LaTeX for booktabs."""

    def csv(self) -> str:
        """Return it as data, a line per row and value."""

    def json(self) -> dict[str, Any]:
        """Return it as a JSON-able value."""

    def files(self) -> Mapping[str, str]:
        """Return what is kept beside the table in its formats, by file name."""
