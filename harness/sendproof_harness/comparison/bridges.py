"""The bridges to compare, as a command line names them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

REFERENCE = "reference"

#: A bridge that a command starts, the reference bridge, or the recorded runs of a folder.
BridgeKind = Literal["command", "reference", "recorded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedBridge:
    """One side of a comparison. `text` is what the user wrote. `environment` is added to that of a started bridge."""

    kind: BridgeKind
    text: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str | None:
        """The command that starts it, if there is one."""
        return self.text if self.kind == "command" else None

    @property
    def is_recorded(self) -> bool:
        """True if its runs are in a results folder."""
        return self.kind == "recorded"

    @property
    def words(self) -> str:
        """The bridge for readers of a report."""
        forms = {"reference": "the reference bridge", "recorded": f"the runs recorded in {self.text}"}
        return forms.get(self.kind, self.text)


def parse_bridge(text: str) -> ComparedBridge:
    """Return the bridge that a text names: `reference`, a results folder, or else a command.

    `ValueError` for the URL of a running bridge, which cannot begin anew for each scenario.
    """
    if text.startswith(("http://", "https://")):
        raise ValueError(
            f"expected a command, `reference` or a results folder, got {text}; for a bridge that is already running, "
            "name the results folder of sendproof run --bridge"
        )
    if text == REFERENCE:
        return ComparedBridge(kind="reference", text=text)
    return ComparedBridge(kind="recorded" if Path(text).is_dir() else "command", text=text)
