"""The e-mail addresses of customers: what a client's records have in place of each, drawn from the seed.

assumed: how often each happens. An address of the audience contains the customer's index, so no two are the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_simulators.core.audience.groups import REFUSED, Groups
from sendproof_simulators.core.randomness import KeyedRandom

# What a customer has, instead of an address that is spelled as usual.
NONE, UNUSABLE, UNTIDY, UNSUBSCRIBED, UNUSUAL = "none", "unusable", "untidy", "unsubscribed", "unusual"
ONE = "one"
#: The shares that a recipe can give. All other customers have one address.
ADDRESS_GROUPS = (NONE, UNUSABLE, UNTIDY, UNSUBSCRIBED, REFUSED, UNUSUAL)

_NO_ADDRESSES: tuple[str | None, ...] = (None, "")
# Invalid by every standard, so that careful bridges agree on them.
_UNUSABLE_FORMS = ("{local}", "{local}@", "@{domain}", "{local} {domain}", "n/a", "{local}@@{domain}")
# Valid forms that hurried patterns refuse: a tag, and a top-level domain of more than six letters. documented: RFC 5233
# (the tag), https://data.iana.org/TLD/tlds-alpha-by-domain.txt (the domain).
_UNUSUAL_FORMS = ("{local}+news@{domain}", "{local}@example.photography")
_INDEX = re.compile(r"[^@]*\.([0-9]{1,8})(?:\+news)?@[^@]+")


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of all customers of an audience. `shares` are those of the groups, `given` the customers' own."""

    random: KeyedRandom
    shares: Mapping[str, float]
    given: Mapping[int, str]

    def group(self, index: int) -> str:
        """Return what a customer has: the given group, or one that is drawn."""
        return Groups(self.random, "addresses", ADDRESS_GROUPS, ONE, self.shares, self.given).of(index)

    def recorded(self, index: int, address: str) -> str | None:
        """Return what the client's records have in place of the real address of a customer."""
        group = self.group(index)
        if group == NONE:
            return _NO_ADDRESSES[self.random.below(len(_NO_ADDRESSES), "audience", "no address", index)]
        if group == UNTIDY:
            return f" {address.title()} "
        if group == UNUSABLE:
            form = _UNUSABLE_FORMS[self.random.below(len(_UNUSABLE_FORMS), "audience", "bad address", index)]
            return _in_form(form, address)
        # In turn, so that a few customers have both forms.
        return _in_form(_UNUSUAL_FORMS[index % len(_UNUSUAL_FORMS)], address) if group == UNUSUAL else address


def _in_form(form: str, address: str) -> str:
    local, _, domain = address.partition("@")
    return form.format(local=local, domain=domain)


def index_in_address(address: str) -> int | None:
    """Return the index of the customer for whom the audience made an address, or None."""
    found = _INDEX.fullmatch(address)
    return None if found is None else int(found[1])
