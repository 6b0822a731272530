"""Groups of contacts. Every account has two: 5, the contacts, and 6, the opt-outs.

documented: https://api.txtlocal.com/docs/helpfulinfo. Their names and sizes are assumed. Group 6 holds the audience's
opted-out numbers from the start.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from sendproof_simulators.core.chance import Chance
from sendproof_simulators.textlocal.errors import BAD_GROUP, CANNOT_DELETE, GROUP_EXISTS, NOT_FOUND, RefusalError

CONTACTS = 5
OPT_OUTS = 6
_DEFAULT = {CONTACTS: "Contacts", OPT_OUTS: "Opt-outs"}
_LOWEST, _SPAN = 100_000, 9_900_000

# A contact beyond its number: first_name, last_name, custom1, custom2, custom3. None: a number only.
Details = Mapping[str, str] | None


class Contacts:
    """The groups of an account."""

    def __init__(self, chance: Chance, opted_out: Callable[[], Iterable[str]]) -> None:
        """`opted_out` gives the numbers that are in group 6 at first; it is not called before they are needed."""
        self._chance = chance
        self._opted_out = opted_out
        self._names: dict[int, str] = dict(_DEFAULT)
        self._members: dict[int, dict[str, Details]] = {CONTACTS: {}}
        self._created: Counter[str] = Counter()

    @cached_property
    def opt_outs(self) -> dict[str, Details]:
        """The numbers that must not be sent to."""
        return dict.fromkeys(self._opted_out())

    def groups(self) -> Iterator[tuple[int, str, int]]:
        """(id, name, size) of each group."""
        for group, name in sorted(self._names.items()):
            yield group, name, len(self.members(group))

    def members(self, group: int) -> dict[str, Details]:
        """The contacts of a group by number; refuses a group that is none."""
        if group == OPT_OUTS:
            return self.opt_outs
        if group not in self._members:
            raise RefusalError(BAD_GROUP)
        return self._members[group]

    def create(self, name: str) -> int:
        """Make an empty group; its id is drawn from the name, so that the order of calls does not matter."""
        if name in self._names.values():
            raise RefusalError(GROUP_EXISTS)
        self._created[name] += 1
        attempt = 0
        while (group := self._draw(name, attempt)) in self._names:
            attempt += 1
        self._names[group] = name
        self._members[group] = {}
        return group

    def delete(self, group: int) -> None:
        """Delete a group for good; the two default ones stay (assumed)."""
        if group in _DEFAULT:
            raise RefusalError(CANNOT_DELETE)
        if group not in self._names:
            raise RefusalError(BAD_GROUP)
        del self._names[group], self._members[group]

    def remove(self, group: int, number: str) -> None:
        """Take a number out of a group for good."""
        if self.members(group).pop(number, self) is self:
            raise RefusalError(NOT_FOUND)

    def _draw(self, name: str, attempt: int) -> int:
        return _LOWEST + self._chance.below(_SPAN, "textlocal", "group", name, self._created[name], attempt)
