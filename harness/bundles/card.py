"""What the author of a method says of it: name, licence, citation, training data, hardware, seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from harness.config import Strict, TomlSource

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
NOTHING = "none"
"""What `training_data` says of a method that learnt nothing."""


class MethodCard(Strict):
    """A method card in TOML.

    id             lower case letters, digits, ".", "_" and "-": the row's name
    training_data  "none", or what trained the method: ids of data sets, of their samples ("<data set>/<sample>") or of
                   collections of a catalogue where they have one, else in words; one entry or a list
    seconds        of one image, on `hardware`; the author's own figure
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)
    title: Sentence
    licence: Sentence
    training_data: tuple[Sentence, ...] = Field(min_length=1)
    version: str = Field(default="", max_length=200)
    citation: str = Field(default="", max_length=2000)
    url: str = Field(default="", pattern=r"^(https?://\S+)?$", max_length=2000)
    hardware: str = Field(default="", max_length=2000)
    seconds: float | None = Field(default=None, ge=0.0, allow_inf_nan=False)
    notes: str = Field(default="", max_length=20000)

    @field_validator("training_data", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value

    @property
    def learnt_nothing(self) -> bool:
        """Whether the card says that nothing trained the method."""
        return self.training_data == (NOTHING,)


def read_card(path: Path) -> MethodCard:
    """Return the card of a TOML file; raises `ConfigError` with one line per mistake."""
    return TomlSource(path).validate(MethodCard)
