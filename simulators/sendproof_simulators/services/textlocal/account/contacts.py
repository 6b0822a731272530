"""Groups of contacts. Every account has two default groups: 5, the contacts, and 6, the opt-outs.

documented: https://api.txtlocal.com/docs/helpfulinfo. assumed: their names and sizes. Group 6 contains the
audience's opted-out numbers from the start.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.messaging.opt_outs import OptOuts
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.services.textlocal.errors import BAD_GROUP, CANNOT_DELETE, GROUP_EXISTS, NOT_FOUND, ApiError

CONTACTS = 5
OPT_OUTS = 6
_DEFAULT_GROUPS = {CONTACTS: "Contacts", OPT_OUTS: "Opt-outs"}
_LOWEST, _SPAN = 100_000, 9_900_000

# The fields of a contact apart from its number. None: it has a number only.
DETAILS = ("first_name", "last_name", "custom1", "custom2", "custom3")
Details = Mapping[str, str] | None


def placeholder_values(details: Details) -> Mapping[str, str | None]:
    """Return the details of a contact by every name that a placeholder may have."""
    values = {name: (details or {}).get(name) for name in DETAILS}
    return values | {name.upper(): value for name, value in values.items()}


class Contacts:
    """The groups of an account."""

    def __init__(self, random: KeyedRandom, opt_outs: OptOuts) -> None:
        """`opt_outs` are the members of group 6."""
        self.opt_outs = opt_outs
        self._random = random
        self._names: dict[int, str] = dict(_DEFAULT_GROUPS)
        # For group 6 the opt-outs decide who is a member; this only has the details of some of them.
        self._members: dict[int, dict[str, Details]] = {CONTACTS: {}, OPT_OUTS: {}}
        self._creation_counts: Counter[str] = Counter()
        # By customer id: the group and number of the last contact that was added with this id as custom1.
        self._by_customer: dict[str, tuple[int, str]] = {}

    def groups(self) -> Iterator[tuple[int, str, int]]:
        """Yield (id, name, size) of each group that was created; the default groups are not listed.

        observed: tests of clients against the live service find no group in a new account.
        """
        for group, name in sorted(self._names.items()):
            if group not in _DEFAULT_GROUPS:
                yield group, name, len(self._members[group])

    def name_of(self, group: int) -> str:
        """Return the name of a group; raise `ApiError` if it does not exist."""
        if group not in self._names:
            raise ApiError(BAD_GROUP)
        return self._names[group]

    def members(self, group: int) -> Mapping[str, Details]:
        """Return the contacts of a group by number; raise `ApiError` if it does not exist."""
        members = self._existing_members(group)
        return {number: members.get(number) for number in self.opt_outs} if group == OPT_OUTS else members

    def add(self, group: int, contacts: Mapping[str, Details], command: str) -> tuple[JournalEntry, ...]:
        """Add contacts to a group; return the journal entries of those that this opts out."""
        self._existing_members(group).update(contacts)
        for number, details in contacts.items():
            if details is not None and details["custom1"]:
                self._by_customer[details["custom1"]] = group, number
        if group != OPT_OUTS:
            return ()
        return tuple(entry for number in contacts for entry in self.opt_outs.add(number, command))

    def find_customer(self, customer: str) -> tuple[str, Mapping[str, str]] | None:
        """Return the number and the details of the contact with this customer id as custom1, or None."""
        group, number = self._by_customer.get(customer, (CONTACTS, ""))
        details = self._members.get(group, {}).get(number)
        return None if details is None or details["custom1"] != customer else (number, details)

    def create(self, name: str) -> int:
        """Create an empty group. Its id is drawn from the name, so the order of calls does not matter."""
        if name in self._names.values():
            raise ApiError(GROUP_EXISTS)
        self._creation_counts[name] += 1
        attempt = 0
        while (group := self._drawn_id(name, attempt)) in self._names:
            attempt += 1
        self._names[group] = name
        self._members[group] = {}
        return group

    def delete(self, group: int) -> None:
        """Delete a group permanently. The two default groups cannot be deleted (assumed)."""
        if group in _DEFAULT_GROUPS:
            raise ApiError(CANNOT_DELETE)
        if group not in self._names:
            raise ApiError(BAD_GROUP)
        del self._names[group], self._members[group]

    def remove(self, group: int, number: str) -> None:
        """Remove a number from a group permanently; raise `ApiError` if it is no member."""
        was_member = self._existing_members(group).pop(number, self) is not self
        if not (self.opt_outs.remove(number) if group == OPT_OUTS else was_member):
            raise ApiError(NOT_FOUND)

    def _existing_members(self, group: int) -> dict[str, Details]:
        if group not in self._members:
            raise ApiError(BAD_GROUP)
        return self._members[group]

    def _drawn_id(self, name: str, attempt: int) -> int:
        return _LOWEST + self._random.below(_SPAN, "textlocal", "group", name, self._creation_counts[name], attempt)
