"""The position of a fault: which calls or webhooks it affects, counted among those that match; never a time of day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

#: Between the names of operations that a bridge may choose from.
SEPARATOR = "|"

#: Values by lower-case name, each as text.
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """`times` calls or webhooks in a row (None: all that follow) from the `nth` matching one, counted from 1.

    `names` are operationIds or the event of a webhook: several if a bridge may choose between operations. The values of
    all names in `where` (lower case) must be equal, compared as text.
    """

    target: str
    service: str
    names: tuple[str, ...]
    where: Values = field(default_factory=dict)
    nth: int = 1
    times: int | None = 1

    @property
    def text(self) -> str:
        """Return the position in the form of a request: `SERVICE.NAME`, or `SERVICE.NAME|OTHER`."""
        return f"{self.service}.{SEPARATOR.join(self.names)}"

    @property
    def places(self) -> tuple[tuple[str, str, str], ...]:
        """Return target, service and name of each kind of call or webhook."""
        return tuple((self.target, self.service, name) for name in self.names)

    def matches(self, values: Callable[[], Values]) -> bool:
        """Return True if a call or webhook of this name counts. `values` is only called if `where` needs it."""
        if not self.where:
            return True
        found = values()
        return all(found.get(name) == expected for name, expected in self.where.items())

    def includes(self, number: int) -> bool:
        """Return True if the fault affects the matching call or webhook with this number, counted from 1."""
        return self.nth <= number and (self.times is None or number < self.nth + self.times)


def as_text(value: object) -> str:
    """Return a value in the form for comparisons: text unchanged, anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def as_values(*mappings: Mapping[str, Any]) -> Values:
    """Merge mappings into lower-case names with text values; an earlier mapping takes precedence."""
    return {str(name).lower(): as_text(value) for mapping in reversed(mappings) for name, value in mapping.items()}
