"""The classes of alike customers, found line by line, with a few numbers per customer.

Customers are alike if they are due the same, and the same happened to them in the same order. The state of a customer
is a number for everything that was read about them so far, so customers with the same state are alike.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence

# Numbers of one country share their last ten digits, with any prefix: 44, +44, 0044 or 0.
_SIGNIFICANT_DIGITS = 10

_OWED, _SENT = 1, 2


class RecipientClasses:
    """The customers by their place among the obligations, and the offsets of the lines about them."""

    def __init__(self) -> None:
        self.place_of_customer: dict[str, int] = {}
        self._place_of_number: dict[str, int] = {}
        self.place_of_message: dict[str, int] = {}
        self._states = array("q")
        self._progress = bytearray()
        self._single = bytearray()
        self._contents = array("q")
        # A number for each event, and for each state with the event after it.
        self.events: dict[object, int] = {}
        self._next_states: dict[int, int] = {}
        # The lines about customers, and then the other lines to keep.
        self._places = array("q")
        self._offsets = array("q")
        self.other_offsets = array("q")

    def event(self, event: object) -> int:
        """Return the number of an event."""
        return self.events.setdefault(event, len(self.events))

    # -- lines about one customer -------------------------------------------------------------------

    def add_obligation(self, offset: int, event: int, customer: str, content: tuple[str, str] | None) -> None:
        """Add a customer who is due a message with this number and text, or none."""
        place = len(self._states)
        self._states.append(self._next_state(0, event))
        self._progress.append(0 if content is None else _OWED)
        self._single.append(0)
        self._contents.append(hash(content))
        self._add_line(place, offset)
        self._name(self.place_of_customer, customer, place)

    def add_number(self, number: str) -> None:
        """Give the last customer a number, whether a message is due or not."""
        self._name(self._place_of_number, significant_digits(number), len(self._states) - 1)

    def add_delivery(self, offset: int, event: int, message: str, content: tuple[str, str], *, is_usual: bool) -> None:
        """Add a message that went to a number with a text."""
        place = self._place_of_number.get(significant_digits(content[0]))
        if place is None:
            self.other_offsets.append(offset)
            return
        self._add_line(place, offset)
        self._name(self.place_of_message, message, place)
        self._advance(place, event)
        if not is_usual or self._progress[place] != _OWED or self._contents[place] != hash(content):
            self._single[place] = 1
        self._progress[place] |= _SENT

    def add_result(self, offset: int, event: int, message: str, *, is_usual: bool) -> None:
        """Add a status or a receipt of a message."""
        place = self.place_of_message.get(message)
        if place is None:
            self.other_offsets.append(offset)
            return
        self._add_line(place, offset)
        self._advance(place, event)
        if not is_usual:
            self._single[place] = 1

    def keep_singly(self) -> None:
        """Keep the last customer singly."""
        self._single[-1] = 1

    # -- lines about many customers -----------------------------------------------------------------

    def add_names(self, offset: int, event: int, customers: Iterable[str]) -> None:
        """Add a line that names customers, all for the same event."""
        self.other_offsets.append(offset)
        for customer in customers:
            self.add_name(event, customer)

    def add_name(self, event: int, customer: str) -> None:
        """Add an event of one customer in a line that names several."""
        place = self.place_of_customer.get(customer)
        if place is not None:
            self._advance(place, event)

    def mention(self, text: str) -> None:
        """Keep each customer singly whose id, number or message is in a value of another line."""
        for name in {text, *text.split(":")}:
            for places in (self.place_of_customer, self.place_of_message):
                if name in places:
                    self._single[places[name]] = 1
        place = self._place_of_number.get(significant_digits(text))
        if place is not None:
            self._single[place] = 1

    # -- classes ------------------------------------------------------------------------------------

    def classes(self) -> Mapping[int, int]:
        """Return the places to keep, each with the number of customers that it stands for."""
        first: dict[int, int] = {}
        counts: dict[int, int] = {}
        for place, state in enumerate(self._states):
            is_alike = not self._single[place] and self._progress[place] != _OWED
            kept = first.setdefault(state, place) if is_alike else place
            counts[kept] = counts.get(kept, 0) + 1
        return counts

    def offsets_of(self, places: Mapping[int, int]) -> Sequence[int]:
        """Return the offsets of all lines about customers at these places."""
        return [offset for place, offset in zip(self._places, self._offsets, strict=True) if place in places]

    def _add_line(self, place: int, offset: int) -> None:
        self._places.append(place)
        self._offsets.append(offset)

    def _name(self, places: dict[str, int], name: str, place: int) -> None:
        """Remember a name; customers who share one are kept singly."""
        other = places.setdefault(name, place)
        if other != place:
            self._single[other] = self._single[place] = 1

    def _advance(self, place: int, event: int) -> None:
        self._states[place] = self._next_state(self._states[place], event)

    def _next_state(self, state: int, event: int) -> int:
        return self._next_states.setdefault(state << 32 | event, len(self._next_states) + 1)


def significant_digits(number: str) -> str:
    """Return the digits that all forms of a number share."""
    digits = number if number.isdecimal() else "".join(filter(str.isdigit, number))
    return digits[-_SIGNIFICANT_DIGITS:]
