"""The rejections of providers, matched to the obligations that they were meant for."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from sendproof_harness.history.parts import SMS
from sendproof_harness.history.records import History, Obligation, Rejection
from sendproof_harness.judge.causes.numbers import digits, number_cause
from sendproof_harness.judge.facts.deliveries.message_types import EMAIL, address_word, message_type
from sendproof_harness.judge.findings import cached_per_history

# Numbers in any form share these last digits; the hypotheses about forms compare the rest.
_SHARED_DIGITS = 6

Key = tuple[object, ...]


class RejectionIndex:
    """The rejections of a history, to be found by number in any form, by customer, and by a text of one person."""

    def __init__(
        self,
        rejections: Iterable[Rejection],
        obligations: Iterable[Obligation],
        types: Mapping[int, str],
    ) -> None:
        """`types` are those of the messages of each channel: one user can get several at one address."""
        self._types = types
        self._by: defaultdict[Key, list[Rejection]] = defaultdict(list)
        self._owner: dict[str, str | None] = {}
        self._due: set[tuple[str, str]] = set()
        for rejection in rejections:
            for key in _keys(rejection):
                self._by[key].append(rejection)
        for obligation in obligations if self._by else ():
            text = obligation.text or ""
            if ("text", text) in self._by:
                self._due.add((obligation.customer, text))
                is_shared = self._owner.get(text, obligation.customer) != obligation.customer
                self._owner[text] = None if is_shared else obligation.customer

    def find(self, obligation: Obligation) -> Rejection | None:
        """Return the rejection of the message that this obligation demands, the most certain match first."""
        is_own_text = bool(obligation.text) and self._owner.get(obligation.text or "") == obligation.customer
        # A type that no channel has was sent by mistake, in place of another.
        types_of_others = {*self._types.values()} - {self._types.get(obligation.channel, SMS)}
        for key, applies in _lookups(obligation, is_own_text=is_own_text):
            candidates = (found for found in self._by.get(key, ()) if _type_of(found) not in types_of_others)
            found = [found for found in candidates if applies(found) and not self._is_of_another(found, obligation)]
            if found:
                return found[-1]
        return None

    def _is_of_another(self, rejection: Rejection, obligation: Obligation) -> bool:
        """Return True if the rejected text is the due one of another message to the same customer."""
        text = rejection.text
        return bool(text) and text != obligation.text and (obligation.customer, text) in self._due


def _type_of(rejection: Rejection) -> str | None:
    """Return the type of the rejected message; None for a whole request without one."""
    return rejection.message_type or (None if rejection.whole_call else SMS)


def _keys(rejection: Rejection) -> Iterator[Key]:
    yield _key_of_number(rejection.number)
    yield "text", rejection.text
    if rejection.customer is not None:
        yield "customer", rejection.customer


def _key_of_number(number: str) -> Key:
    """Return what all forms of a number share; an e-mail address has one form."""
    return ("address", number) if "@" in number else ("digits", digits(number)[-_SHARED_DIGITS:])


def _lookups(obligation: Obligation, *, is_own_text: bool) -> Iterator[tuple[Key, Callable[[Rejection], bool]]]:
    """Yield where to look for a rejection, and the condition that it must meet.

    A text that several customers are due identifies none of them.
    """
    number, text = obligation.number or "", obligation.text or ""

    def has_number(rejection: Rejection) -> bool:
        return rejection.number == number

    def has_form_of_number(rejection: Rejection) -> bool:
        return has_number(rejection) or number_cause(rejection.number, number) is not None

    def is_in_time(rejection: Rejection) -> bool:
        return rejection.at >= obligation.at

    by_number = _key_of_number(number)
    yield by_number, lambda rejection: has_number(rejection) and rejection.text == text
    yield by_number, lambda rejection: has_form_of_number(rejection) and rejection.text == text
    yield ("customer", obligation.customer), is_in_time
    yield by_number, lambda rejection: has_number(rejection) and is_in_time(rejection)
    yield by_number, lambda rejection: has_form_of_number(rejection) and is_in_time(rejection)
    if is_own_text:
        yield ("text", text), is_in_time


@cached_per_history
def rejection_index(history: History) -> RejectionIndex:
    """Return the index of a history's rejections."""
    types = {channel.id: channel.message for channel in history.header.channels}
    return RejectionIndex(history.rejections, history.obligations, types)


def other_number_cause(history: History, obligation: Obligation) -> str:
    """Return whose number or address it may be, if it is no form of the customer's."""
    type_, names = message_type(history, obligation.channel), history.header.attributes
    attribute = (names.email if type_ == EMAIL else names.phone) or ""
    has_changed = any(
        change.customer == obligation.customer and change.field.upper() == attribute.upper()
        for update in history.attributes
        for change in update.changes
    )
    word = address_word(type_)
    return f"an old {word} of the customer" if has_changed else f"the {word} of another person"
