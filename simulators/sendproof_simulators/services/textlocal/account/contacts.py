"""Groups of contacts. Every account has two: 5, the contacts, and 6, the opt-outs.

documented: https://api.txtlocal.com/docs/helpfulinfo. Their names and sizes are assumed. Group 6 holds the audience's
opted-out numbers from the start.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.messaging.opt_outs import OptOuts
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.services.textlocal.errors import (
    BAD_GROUP,
    CANNOT_DELETE,
    GROUP_EXISTS,
    NOT_FOUND,
    RefusalError,
)

CONTACTS = 5
OPT_OUTS = 6
_DEFAULT = {CONTACTS: "Contacts", OPT_OUTS: "Opt-outs"}
_LOWEST, _SPAN = 100_000, 9_900_000

# A contact beyond its number: first_name, last_name, custom1, custom2, custom3. None: a number only.
Details = Mapping[str, str] | None


class Contacts:
    """The groups of an account."""

    def __init__(self, random: KeyedRandom, opt_outs: OptOuts) -> None:
        """`opt_outs` is what group 6 holds."""
        self.opt_outs = opt_outs
        self._chance = random
        self._names: dict[int, str] = dict(_DEFAULT)
        # Whoever is in group 6 is among the opt-outs; what is known of them beyond their number, here.
        self._members: dict[int, dict[str, Details]] = {CONTACTS: {}, OPT_OUTS: {}}
        self._created: Counter[str] = Counter()

    def groups(self) -> Iterator[tuple[int, str, int]]:
        """(id, name, size) of each group."""
        for group, name in sorted(self._names.items()):
            yield group, name, len(self.opt_outs if group == OPT_OUTS else self._members[group])

    def name_of(self, group: int) -> str:
        """The name of a group; refuses a group that is none."""
        if group not in self._names:
            raise RefusalError(BAD_GROUP)
        return self._names[group]

    def members(self, group: int) -> Mapping[str, Details]:
        """The contacts of a group by number; refuses a group that is none."""
        if group not in self._members:
            raise RefusalError(BAD_GROUP)
        known = self._members[group]
        return {number: known.get(number) for number in self.opt_outs} if group == OPT_OUTS else known

    def add(self, group: int, contacts: Mapping[str, Details], how: str) -> tuple[JournalEntry, ...]:
        """Put contacts into a group; what the journal learns of those who opt out by it."""
        if group not in self._members:
            raise RefusalError(BAD_GROUP)
        self._members[group].update(contacts)
        if group != OPT_OUTS:
            return ()
        return tuple(entry for number in contacts for entry in self.opt_outs.add(number, how))

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
        if group not in self._members:
            raise RefusalError(BAD_GROUP)
        known = self._members[group].pop(number, self) is not self
        if not (self.opt_outs.remove(number) if group == OPT_OUTS else known):
            raise RefusalError(NOT_FOUND)

    def _draw(self, name: str, attempt: int) -> int:
        return _LOWEST + self._chance.below(_SPAN, "textlocal", "group", name, self._created[name], attempt)
