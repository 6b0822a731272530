"""The text of each member of a group: as the caller wrote it, or with placeholders filled in.

assumed, after the brochure Textlocal x Optimove: a group may hold customer ids; Textlocal knows the customer attributes
that the client imported, here the customers as they are now; one attribute chooses the language of a translated
template. Only sandboxes with `template_send: brochure` do this.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.account.contacts import DETAILS, Details
from sendproof_simulators.services.textlocal.account.templates import render
from sendproof_simulators.services.textlocal.errors import ApiError
from sendproof_simulators.services.textlocal.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The numbers as the caller spelled them, and the text of each."""

    raw_numbers: Sequence[str]
    texts: Sequence[str]

    def with_checked_texts(self, check: Callable[[str], str]) -> "Recipients":
        """Return the same recipients with the checked texts. Each distinct text is checked once."""
        checked = {text: check(text) for text in dict.fromkeys(self.texts)}
        if all(text is new_text for text, new_text in checked.items()):
            return self
        return Recipients(raw_numbers=self.raw_numbers, texts=[checked[text] for text in self.texts])


def text_recipients(call: Call, members: Mapping[str, Details], text: str) -> Recipients:
    """Return the members of a group with one text, filled in from their details if the sandbox does that."""
    numbers = [_raw_number(call, member) for member in members]
    if call.context.dialects["group_merge"] == "literal" or "%%" not in text:
        return Recipients(raw_numbers=numbers, texts=[text] * len(numbers))
    texts = [render(text, _attributes(details)) for details in members.values()]
    return Recipients(raw_numbers=numbers, texts=texts)


def template_recipients(call: Call, members: Mapping[str, Details], template: int) -> Recipients:
    """Return the members of a group, each with the template in the member's language, filled in."""
    state: State = call.state
    if template not in state.templates:
        raise ApiError(errors.INVALID_PARAMETER, f"template_id: no template has the id {template}")
    numbers, texts = [], []
    for member, details in members.items():
        customer = call.context.customers.find(member, call.now)
        attributes = _attributes(details) if customer is None else customer.attributes
        numbers.append(member if customer is None else customer.number or member)
        texts.append(render(state.templates[_translated(state, template, attributes)].body, attributes))
    return Recipients(raw_numbers=numbers, texts=texts)


def _translated(state: State, template: int, attributes: Mapping[str, str | None]) -> int:
    """Return the id of the template in the language that the attributes choose."""
    translations = state.settings.translations.get(template)
    if translations is None:
        return template
    translated = translations.templates.get(attributes.get(translations.field) or "", template)
    return translated if translated in state.templates else template


def _raw_number(call: Call, member: str) -> str:
    """Return the number of a group's member: its own, or that of the customer with this id."""
    customer = None if member.isdigit() else call.context.customers.find(member, call.now)
    return member if customer is None else customer.number or member


def _attributes(details: Details) -> Mapping[str, str | None]:
    """Return the details of a contact by every name that a placeholder may have."""
    attributes = {name: (details or {}).get(name) for name in DETAILS}
    return attributes | {name.upper(): value for name, value in attributes.items()}
