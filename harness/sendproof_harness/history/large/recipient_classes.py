"""The classes of alike customers, found line by line, with a few numbers per customer.

Customers are alike if they are due the same, and the same happened to them in the same order. The state of a customer
is a number for everything that was read about them so far, so customers with the same state are alike.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from sendproof_harness.history.large.plain_texts import PlainTexts

# Numbers of one country share their last ten digits, with any prefix: 44, +44, 0044 or 0.
_SIGNIFICANT_DIGITS = 10

# The progress of a customer.
_WITHHELD, _OWED, _SENT = 0, 1, 2
_EVENT_BITS = 32

#: The customers of a class that are kept: as many as a report has examples of a finding.
KEPT_OF_CLASS = 3
#: The customers with a wrong text that are kept singly: as many as the judge examines.
WRONG_TEXTS_MAX = 10_000

# How a customer is kept: by class, by class beyond a number of wrong texts, or singly.
_BY_CLASS, _WRONG_TEXT, _SINGLE = 0, 1, 2
_SEVERAL = 3


class RecipientClasses:
    """The customers by their place among the obligations, and the offsets of the lines about them.

    `events` numbers each event, a value without the names of customers. `other_offsets` are those of lines that are
    not about one customer. `strangers` are named customers without an obligation.
    """

    def __init__(self) -> None:
        self.events: defaultdict[tuple[object, Any], int] = defaultdict(count(1).__next__)
        self.place_of_customer: dict[str, int] = {}
        self.place_of_message: dict[str, int] = {}
        self.other_offsets = array("q")
        self.strangers: set[str] = set()
        self._place_of_number: dict[str, int] = {}
        # Messages with a status or receipt before their delivery.
        self._early_messages: set[str] = set()
        self._rejected_texts: set[int] = set()
        # Texts that went out, but not to a customer who is due them, and numbers with many messages: the judge may
        # match both with lost messages.
        self._stray_texts: set[int] = set()
        self._has_surplus = False
        self._plain_texts = PlainTexts()
        # For each state and the event after it, the next state.
        self._next_states: defaultdict[int, int] = defaultdict(count(1).__next__)
        # By place.
        self.customers: list[str] = []
        self.numbers: list[str] = []
        self._states = array("q")
        self._progress = bytearray()
        self._single = bytearray()
        self._sent_to = array("q")
        self._texts = array("q")
        # The campaign whose rows have the customer, and how many messages went to the customer.
        self._campaigns = array("i")
        self._messages = bytearray()
        # By line about a customer.
        self.places = array("i")
        self.offsets = array("q")

    # -- lines about one customer -------------------------------------------------------------------

    def add_obligation(
        self,
        offset: int,
        event: int,
        customer: str,
        content: tuple[str | None, str | None],
        *,
        campaign: int,
        owed: bool,
    ) -> None:
        """Add a customer who is due the content, a number and a text, or must not get it.

        `campaign` is the number of the campaign that has a row for the customer, -1 without a row.
        """
        place = len(self._states)
        self._states.append(self._next_states[event])
        self._progress.append(_OWED if owed else _WITHHELD)
        self._single.append(0)
        self._sent_to.append(hash(content[0]))
        self._texts.append(hash(content[1]))
        self._plain_texts.add_due(content[1], is_mail="@" in (content[0] or ""))
        self._campaigns.append(campaign)
        self._messages.append(0)
        self.places.append(place)
        self.offsets.append(offset)
        self._name(self.place_of_customer, customer, place)
        digits = significant_digits(content[0] or "")
        if digits:
            self._name(self._place_of_number, digits, place)
        self.customers.append(customer)
        self.numbers.append(digits)

    def add_delivery(
        self,
        offset: int,
        event: int,
        message: str,
        content: tuple[str | None, str | None],
        *,
        user: str | None,
        is_usual: bool,
    ) -> None:
        """Add a message that went to a number with a text, and to a user where the provider sends to users."""
        place = self._place_of_number.get(significant_digits(content[0] or ""))
        text = hash(content[1])
        if place is None:
            self._stray_texts.add(text)
            self.other_offsets.append(offset)
            return
        self._add_event(place, offset, event)
        self._name(self.place_of_message, message, place)
        is_own = user is None or user == self.customers[place]
        if not (is_usual and is_own) or self._sent_to[place] != hash(content[0]) or message in self._early_messages:
            self._keep(place, _SINGLE)
        self._messages[place] = min(_SEVERAL, self._messages[place] + 1)
        self._has_surplus = self._has_surplus or self._messages[place] == _SEVERAL
        if self._texts[place] != text or self._progress[place] == _SENT:
            self._stray_texts.add(text)
        if self._texts[place] != text:
            # Customers with a wrong text are alike only among themselves.
            self._states[place] = self._next_states[self._states[place] << _EVENT_BITS]
            # The links of an e-mail may lead to the due ones, which only the whole text shows.
            has_links = content[0] is not None and "@" in content[0] and "(http" in (content[1] or "")
            self._keep(place, _SINGLE if has_links else _WRONG_TEXT)
        self._progress[place] = _SENT

    def add_mail(self, address: str, plain: str | None, shown: Iterable[str]) -> None:
        """Add what only e-mails have: a plain text in other words than the HTML, and other addresses in the header.

        A customer is kept singly whose plain text may be wrong, or whose e-mail shows the address of another customer.
        """
        others = [self._place_of_number[other] for other in shown if other in self._place_of_number]
        place = self._place_of_number.get(address)
        for shown_place in others:
            self._keep(shown_place, _SINGLE)
        if place is not None and (others or (plain is not None and self._plain_texts.add(place, plain))):
            self._keep(place, _SINGLE)

    def add_result(self, offset: int, event: int, message: str) -> None:
        """Add a status or a receipt of a message."""
        place = self.place_of_message.get(message)
        if place is None:
            self.expect(message)
            self.other_offsets.append(offset)
            return
        self._add_event(place, offset, event)

    def expect(self, message: str) -> None:
        """Keep the customer singly to whom this message goes, if it goes out later."""
        self._early_messages.add(message)

    def keep_singly(self) -> None:
        """Keep the last customer singly."""
        self._keep(-1, _SINGLE)

    # -- lines about many customers -----------------------------------------------------------------

    def add_names(self, event: int, customers: Iterable[str]) -> None:
        """Add one event of each customer."""
        states, next_states, place_of = self._states, self._next_states, self.place_of_customer.get
        for customer in customers:
            place = place_of(customer)
            if place is None:
                self.strangers.add(customer)
            else:
                states[place] = next_states[states[place] << _EVENT_BITS | event]

    def add_messages(self, event: int, messages: Iterable[str]) -> None:
        """Add one event of each customer to whom one of these messages went, and mention anything else."""
        for message in messages:
            place = self.place_of_message.get(message)
            if place is None:
                self.mention(message)
            else:
                self._states[place] = self._next_states[self._states[place] << _EVENT_BITS | event]

    def add_rejection(self, text: str) -> None:
        """Keep two of the customers who are due this text singly: then no kept one seems to be the only one."""
        self._rejected_texts.add(hash(text))

    def mention(self, text: str) -> None:
        """Keep each customer singly whose id, number or message is in a value of another line."""
        for name in {text, *text.split(":")}:
            for places in (self.place_of_customer, self.place_of_message):
                if name in places:
                    self._keep(places[name], _SINGLE)
        place = self._place_of_number.get(significant_digits(text))
        if place is not None:
            self._keep(place, _SINGLE)

    # -- classes ------------------------------------------------------------------------------------

    def representatives(self, unread: Sequence[Sequence[tuple[int, int]]]) -> "array[int]":
        """Return, for each place, the one that represents it: its own, or the last kept place of its class.

        `unread` are the ranges of rows that were never read, by campaign.
        """
        self._keep_rejected()
        self._keep_lost()
        for place in self._plain_texts.mixed_up():
            self._keep(place, _SINGLE)
        kept: defaultdict[tuple[int, bool], list[int]] = defaultdict(list)
        found, rows, wrong_texts = array("i"), Counter[int](), 0
        for place, state in enumerate(self._states):
            campaign = self._campaigns[place]
            row, rows[campaign] = rows[campaign], rows[campaign] + 1
            wrong_texts += self._single[place] == _WRONG_TEXT
            if self._single[place] == _SINGLE or (self._single[place] and wrong_texts <= WRONG_TEXTS_MAX):
                found.append(place)
                continue
            is_unread = campaign >= 0 and any(start <= row < end for start, end in unread[campaign])
            of_class = kept[state, is_unread]
            if len(of_class) < KEPT_OF_CLASS:
                of_class.append(place)
            found.append(of_class[-1])
        return found

    def _keep_lost(self) -> None:
        """Keep each lost message singly that another message may have been, or a rejected one."""
        for place, progress in enumerate(self._progress):
            is_alone = self._has_surplus or self._rejected_texts or self._texts[place] in self._stray_texts
            if progress == _OWED and is_alone:
                self._keep(place, _SINGLE)

    def _keep(self, place: int, how: int) -> None:
        self._single[place] = max(self._single[place], how)

    def _keep_rejected(self) -> None:
        found = Counter[int]()
        for place, text in enumerate(self._texts if self._rejected_texts else ()):
            if text in self._rejected_texts and found[text] < 2:  # noqa: PLR2004 - see `add_rejection`
                found[text] += 1
                self._keep(place, _SINGLE)

    def _add_event(self, place: int, offset: int, event: int) -> None:
        self._states[place] = self._next_states[self._states[place] << _EVENT_BITS | event]
        self.places.append(place)
        self.offsets.append(offset)

    def _name(self, places: dict[str, int], name: str, place: int) -> None:
        """Remember a name; customers who share one are kept singly."""
        other = places.setdefault(name, place)
        if other != place:
            self._keep(other, _SINGLE)
            self._keep(place, _SINGLE)


def significant_digits(number: str) -> str:
    """Return the digits that all forms of a number share; an e-mail address has one form."""
    if "@" in number:
        return number
    digits = number if number.isdecimal() else "".join(filter(str.isdigit, number))
    return digits[-_SIGNIFICANT_DIGITS:]
