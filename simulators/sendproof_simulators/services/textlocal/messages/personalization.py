"""The text of each member of a group: as the caller wrote it, or with placeholders filled in.

assumed, after the brochure Textlocal x Optimove: a group may hold customer ids; Textlocal fills in the attributes that
the client imported; one attribute chooses the language of a translated template. Only sandboxes with `template_send:
brochure` do this.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sendproof_simulators.core.audience.audience import Customer
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.account.contacts import Details, placeholder_values
from sendproof_simulators.services.textlocal.account.imported_customers import known_customer, translated
from sendproof_simulators.services.textlocal.account.templates import render
from sendproof_simulators.services.textlocal.errors import ApiError
from sendproof_simulators.services.textlocal.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The numbers as the caller spelled them, the text of each, and its customer id.

    A recipient that the caller named by its number has an empty customer id.
    """

    raw_numbers: Sequence[str]
    texts: Sequence[str]
    customers: Sequence[str]

    def name_of(self, index: int) -> str:
        """Return the recipient at an index as the caller named it."""
        return self.customers[index] or self.raw_numbers[index]

    def with_checked_texts(self, check: Callable[[str], str]) -> "Recipients":
        """Return the same recipients with the checked texts. Each distinct text is checked once."""
        checked = {text: check(text) for text in dict.fromkeys(self.texts)}
        if all(text is new_text for text, new_text in checked.items()):
            return self
        return replace(self, texts=[checked[text] for text in self.texts])


def text_recipients(call: Call, members: Mapping[str, Details], text: str) -> Recipients:
    """Return the members of a group with one text, filled in from their details if the sandbox does that."""
    numbers, customers = _numbers_and_customers(members, _known_customers(call, members))
    if call.context.dialects["group_merge"] == "literal" or "%%" not in text:
        return Recipients(raw_numbers=numbers, texts=[text] * len(numbers), customers=customers)
    texts = [render(text, placeholder_values(details)) for details in members.values()]
    return Recipients(raw_numbers=numbers, texts=texts, customers=customers)


def template_recipients(call: Call, members: Mapping[str, Details], template: int) -> Recipients:
    """Return the members of a group, each with the template in the member's language, filled in."""
    state: State = call.state
    if template not in state.templates:
        raise ApiError(errors.INVALID_PARAMETER, f"template_id: no template has the id {template}")
    found = _known_customers(call, members)
    numbers, customers = _numbers_and_customers(members, found)
    texts = []
    for details, customer in zip(members.values(), found, strict=True):
        attributes = placeholder_values(details) if customer is None else customer.attributes
        texts.append(render(state.templates[translated(state, template, attributes)].body, attributes))
    return Recipients(raw_numbers=numbers, texts=texts, customers=customers)


def _known_customers(call: Call, members: Iterable[str]) -> list[Customer | None]:
    return [known_customer(call.context, call.state, member, call.now) for member in members]


def _numbers_and_customers(members: Iterable[str], found: Iterable[Customer | None]) -> tuple[list[str], list[str]]:
    """Return the number of each member and its customer id; a customer without a usable number keeps the id."""
    pairs = list(zip(members, found, strict=True))
    numbers = [member if customer is None else customer.number or member for member, customer in pairs]
    return numbers, ["" if customer is None else customer.id for _, customer in pairs]
