"""The kinds of hostile inputs, by name."""

from __future__ import annotations

from tests.campaign.archives import Archives
from tests.campaign.checkpoints import Checkpoints
from tests.campaign.http import Answers
from tests.campaign.labels import LabelFiles
from tests.campaign.results import Results
from tests.campaign.running import Kind
from tests.campaign.toml import TomlFiles

_EVERY: tuple[Kind, ...] = (LabelFiles(), TomlFiles(), Archives(), Answers(), Results(), Checkpoints())
KINDS = {kind.name: kind for kind in _EVERY}
