"""Where a fault strikes: which calls or notifications, counted among those that match; never at a time of day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

# Values by name in lower case, each as text.
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """So many in a row (`times`; None: all the rest) from the `nth` on, of those that match.

    `name` is an operationId or an event; of each name in `where` (lower case) the value must be equal, as text.
    """

    target: str
    service: str
    name: str
    where: Values = field(default_factory=dict)
    nth: int = 1
    times: int | None = 1

    def matches(self, values: Callable[[], Values]) -> bool:
        """Whether a call or notification of this name counts; `values` is only asked for when it matters."""
        if not self.where:
            return True
        found = values()
        return all(found.get(name) == wanted for name, wanted in self.where.items())

    def includes(self, number: int) -> bool:
        """Whether the one with this number, counted from 1 among those that match, is struck."""
        return self.nth <= number and (self.times is None or number < self.nth + self.times)


def as_text(value: object) -> str:
    """A value as it is compared: text as it is, anything else as JSON writes it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def as_values(*given: Mapping[str, Any]) -> Values:
    """Names in lower case, values as text; an earlier mapping goes before a later one."""
    return {str(name).lower(): as_text(value) for one in reversed(given) for name, value in one.items()}
