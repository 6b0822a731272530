"""Who must not be sent to, and the replies by which people say so."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from sendproof_simulators.core.effects import JournalEntry

# documented: CTIA Messaging Principles and Best Practices, 5.1.3; ARRET and the like are other countries'.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})


def is_stop(text: str) -> bool:
    """Whether a reply asks for no more messages: one of the words that count everywhere stands alone, or first."""
    words = text.split(maxsplit=1)
    return bool(words) and words[0].strip(".!\"'").upper() in STOP_WORDS


class OptOuts:
    """The numbers (digits) that opted out at one provider: those of the audience first, then more.

    They are not computed before somebody asks.
    """

    def __init__(self, service: str, at_first: Callable[[], Iterable[str]]) -> None:
        """`at_first` gives the numbers that are out from the start."""
        self._service = service
        self._at_first = at_first

    @cached_property
    def _numbers(self) -> dict[str, None]:
        return dict.fromkeys(self._at_first())

    def __contains__(self, number: object) -> bool:
        """Whether a number is out."""
        return number in self._numbers

    def __iter__(self) -> Iterator[str]:
        """The numbers, the oldest first."""
        return iter(self._numbers)

    def __len__(self) -> int:
        """How many."""
        return len(self._numbers)

    def add(self, number: str, source: str) -> tuple[JournalEntry, ...]:
        """Let a number be out; what the journal learns, which is nothing when it was out already."""
        if number in self._numbers:
            return ()
        self._numbers[number] = None
        return (opt_out(self._service, number, source),)

    def remove(self, number: str) -> bool:
        """Let a number be in again; whether it was out."""
        return self._numbers.pop(number, self) is None


def opt_out(service: str, number: str, source: str) -> JournalEntry:
    """A number opted out: `source` is a command, or `reply`."""
    return JournalEntry(kind="opt_out", fields={"service": service, "number": number, "source": source})


def inbound(service: str, number: str, text: str) -> JournalEntry:
    """A person wrote to the number or name that a message came from."""
    return JournalEntry(kind="inbound", fields={"service": service, "number": number, "text": text})
