"""What every rule of a claim is: a declaration that knows the rows it names and the contrasts it states."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from pydantic import ValidationError

from harness.claims.group import Contrast, Group
from harness.claims.naming import NamedRow, selected, strata
from harness.config import Strict
from harness.errors import ConfigError, nearest


class ClaimRule(Strict):
    """Base of the rules: subclasses declare their keys, name those that hold rows, and state contrasts.

    `ONE` are the keys with one row, `MANY` those with several, `PAIRS` those with pairs of rows.
    """

    ONE: ClassVar[tuple[str, ...]] = ()
    MANY: ClassVar[tuple[str, ...]] = ()
    PAIRS: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def contrasts(self, group: Group) -> Iterator[Contrast]:
        """Yield what the rule states of a group; every row is named by its id, and each statement must be true."""

    def references(self) -> tuple[Any, ...]:
        """Return every reference to rows, as written."""
        found: list[Any] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name in self.ONE:
                found.append(value)
            elif name in self.MANY:
                found.extend(value)
            elif name in self.PAIRS:
                found.extend(reference for pair in value for reference in pair)
        return tuple(found)

    def named(self) -> tuple[str, ...]:
        """Return the ids that the rule names, each once; selectors are left out."""
        return tuple(dict.fromkeys(one for one in self.references() if isinstance(one, str)))

    def bound(self, rows: Sequence[NamedRow]) -> tuple[tuple[str, Self], ...]:
        """Return the rule with ids in place of selectors, once for each stratum and with the stratum's name.

        Raises `ConfigError` for a row, an axis or a value that does not exist, and for a selector of several rows
        where the rule speaks of one.
        """
        known = [row.id for row in rows]
        for row in self.named():
            if row not in known:
                raise ConfigError(f"unknown row '{row}'{nearest(row, known)}")
        return tuple((name, self._within(own, name)) for name, own in strata(self.references(), rows))

    def _within(self, rows: Sequence[NamedRow], stratum: str) -> Self:
        """Return the rule of one stratum."""
        found: dict[str, Any] = {name: self._one(getattr(self, name), rows, stratum) for name in self.ONE}
        for name in self.MANY:
            found[name] = tuple(row for reference in getattr(self, name) for row in _ids(reference, rows))
        for name in self.PAIRS:
            found[name] = tuple(
                (self._one(first, rows, stratum), self._one(second, rows, stratum))
                for first, second in getattr(self, name)
            )
        found |= self.filled(found, tuple(row.id for row in rows))
        try:
            return type(self).model_validate({**self.model_dump(), **found})
        except ValidationError as error:
            where = f" where {stratum}" if stratum else ""
            raise ConfigError(f"{error.errors()[0]['msg']}{where}") from error

    def filled(self, found: Mapping[str, Any], rows: Sequence[str]) -> dict[str, Any]:
        """Return keys whose default depends on the rows of the stratum."""
        return {}

    def _one(self, reference: Any, rows: Sequence[NamedRow], stratum: str) -> str:
        ids = _ids(reference, rows)
        if len(ids) != 1:
            where = f" where {stratum}" if stratum else ""
            raise ConfigError(f"{reference!r} stands for {len(ids)} rows{where}; one is needed")
        return ids[0]


def _ids(reference: Any, rows: Sequence[NamedRow]) -> tuple[str, ...]:
    return (reference,) if isinstance(reference, str) else selected(reference, rows)
