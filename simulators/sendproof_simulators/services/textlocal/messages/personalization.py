"""Who gets which text when a group is sent to: as the caller wrote it, or filled in.

assumed, after the brochure Textlocal x Optimove: a group may hold customer ids; what Textlocal knows of a customer is
what the client imported, which here are the attributes of the audience; a template of several languages is chosen by
one of them. Only sandboxes that speak `template_send: brochure` have any of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.simulator import Call, SandboxContext
from sendproof_simulators.services.textlocal import errors
from sendproof_simulators.services.textlocal.account.contacts import Details
from sendproof_simulators.services.textlocal.account.templates import render
from sendproof_simulators.services.textlocal.errors import RefusalError
from sendproof_simulators.services.textlocal.state import State, Translations

_FIELDS = ("first_name", "last_name", "custom1", "custom2", "custom3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """The numbers as they were given, and the text of each."""

    given: Sequence[str]
    texts: Sequence[str]

    def checked(self, check: Callable[[str], str]) -> "Recipients":
        """The same with every text checked, each once however many get it."""
        found = {text: check(text) for text in dict.fromkeys(self.texts)}
        if all(text is checked for text, checked in found.items()):
            return self
        return Recipients(given=self.given, texts=[found[text] for text in self.texts])


def text_recipients(context: SandboxContext, members: Mapping[str, Details], text: str) -> Recipients:
    """The members of a group with one text, filled in from what is known of them where that is done."""
    given = [_number_of(context, member) for member in members]
    if context.dialects["group_merge"] == "literal" or "%%" not in text:
        return Recipients(given=given, texts=[text] * len(given))
    return Recipients(given=given, texts=[render(text, _attributes(details)) for details in members.values()])


def template_recipients(call: Call, members: Mapping[str, Details], template: int) -> Recipients:
    """The members of a group, each with the template in their language, filled in."""
    state: State = call.state
    if template not in state.templates:
        raise RefusalError(errors.INVALID_PARAMETER, f"template_id: no template has the id {template}")
    translations = state.settings.translations.get(template)
    given, texts = [], []
    for member, details in members.items():
        index = call.context.audience.index_of(member)
        customer = None if index is None else call.context.audience.customer(index)
        attributes = _attributes(details) if customer is None else customer.attributes
        given.append(member if customer is None else customer.number or member)
        texts.append(render(state.templates[_chosen(translations, attributes, state, template)].body, attributes))
    return Recipients(given=given, texts=texts)


def _chosen(
    translations: Translations | None, attributes: Mapping[str, str | None], state: State, template: int
) -> int:
    if translations is None:
        return template
    wanted = translations.templates.get(attributes.get(translations.field) or "", template)
    return wanted if wanted in state.templates else template


def _number_of(context: SandboxContext, member: str) -> str:
    """The number that a member of a group is sent to: its own, or that of the customer whose id it is."""
    index = context.audience.index_of(member) if not member.isdigit() else None
    return member if index is None else context.audience.customer(index).number or member


def _attributes(details: Details) -> Mapping[str, str | None]:
    """What is known of a contact, by the names that a placeholder may have."""
    known = {name: (details or {}).get(name) for name in _FIELDS}
    return known | {name.upper(): value for name, value in known.items()}
