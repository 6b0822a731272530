"""One change between two versions of the contracts, and its severity for a bridge that keeps the older one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

#: A call or event that the old contract allows is refused or missing, or a value that it guarantees is absent or of
#: another type.
BREAKING = "breaking"
#: Whether a bridge notices depends on how it reads what it gets: a new status, a longer text, another default.
RISKY = "risky"
#: No bridge that keeps the old contract can notice.
HARMLESS = "harmless"
SEVERITIES = (BREAKING, RISKY, HARMLESS)

#: The directions of data, as a bridge sees them.
SENT, RECEIVED = "sent", "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `contract` is a file or `dialects`; `operation` is empty for what concerns the whole contract.

    `place` is the position in the call, as in violations (`body.items[].TemplateID`). `part` is the position in a
    component of the contract that several operations share (`Violation.rule`), empty outside of one. `old` and `new`
    are the two values in words, empty where there is none. `direction` is that of the data: sent or received by the
    bridge, or empty if it is neither.
    """

    severity: str
    contract: str
    what: str
    operation: str = ""
    place: str = ""
    old: str = ""
    new: str = ""
    part: str = ""
    direction: str = ""
    allowed: str = ""

    @property
    def text(self) -> str:
        """The change in one line, at its place in its operation."""
        subject = " ".join(name for name in (self.contract, self.operation) if name)
        return ": ".join(text for text in (subject, self.place, self.what, self.values) if text)

    @property
    def line(self) -> str:
        """The change in one line, the same for all operations that share the changed part."""
        if not self.part:
            return self.text
        return ": ".join(text for text in (f"{self.contract} {self.part}", self.what, self.values) if text)

    @property
    def values(self) -> str:
        """The old and the new value in words."""
        return f"{self.old} -> {self.new}" if self.old and self.new else self.old or self.new

    def at(self, operation: str) -> "Change":
        """Return the same change in an operation."""
        return replace(self, operation=operation)


def grouped(changes: Iterable[Change]) -> list[list[Change]]:
    """Return the changes of each shared part together; any other change is alone."""
    groups: dict[tuple[str, str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.line, change.severity, change.allowed), []).append(change)
    return list(groups.values())


def most_severe(changes: Iterable[Change]) -> str:
    """Return the highest severity of changes that are not allowed, `harmless` if there is none."""
    found = {change.severity for change in changes if not change.allowed}
    return next((severity for severity in SEVERITIES if severity in found), HARMLESS)


def at_most_risky(change: Change) -> Change:
    """Return a change that only concerns some options of dialects."""
    return replace(change, severity=RISKY) if change.severity == BREAKING else change
