"""The opt-outs at a provider, and the replies that mean an opt-out."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from sendproof_simulators.core.effects import JournalEntry

# documented: CTIA Messaging Principles and Best Practices, 5.1.3; ARRET and the like are other countries'.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})

# documented: the same, 5.1.2, "opt back in"
START_WORDS = frozenset({"START", "UNSTOP"})
# Ways to write the same word.
_SPELLINGS = ("STOP", "stop", " Stop ", "STOPALL", "Unsubscribe", "Stop.")
# Replies that change nothing.
_THANKS = ("Thanks!", "YES", "What time do you close today?", "\N{THUMBS UP SIGN}")


def is_stop(text: str) -> bool:
    """Return True if a reply is an opt-out: its first word is one of the words that are valid everywhere."""
    return _first_word(text) in STOP_WORDS


def is_start(text: str) -> bool:
    """Return True if a reply ends an opt-out."""
    return _first_word(text) in START_WORDS


def spelled_stop(number: str) -> str:
    """Return the STOP of a number's owner; people write it in different ways."""
    return _SPELLINGS[int(number[-4:-2]) % len(_SPELLINGS)]


def spelled_thanks(number: str) -> str:
    """Return the reply of a number's owner who wants further messages."""
    return _THANKS[int(number[-4:-2]) % len(_THANKS)]


def _first_word(text: str) -> str:
    words = text.split(maxsplit=1)
    return words[0].strip(".!\"'").upper() if words else ""


class OptOuts:
    """The numbers (digits) that opted out at one provider: first those of the audience, then later ones.

    They are computed at the first use.
    """

    def __init__(self, service: str, initial: Callable[[], Iterable[tuple[str, str]]]) -> None:
        """Create the opt-outs of a service. `initial` returns the customers and numbers of those before the start."""
        self._service = service
        self._initial = initial

    @cached_property
    def _numbers(self) -> dict[str, None]:
        return dict.fromkeys(number for _, number in self._initial())

    def __contains__(self, number: object) -> bool:
        """Return True if a number opted out."""
        return number in self._numbers

    def __iter__(self) -> Iterator[str]:
        """Yield the numbers, the oldest first."""
        return iter(self._numbers)

    def __len__(self) -> int:
        """Return the number of opt-outs."""
        return len(self._numbers)

    def add(self, number: str, source: str) -> tuple[JournalEntry, ...]:
        """Opt a number out; return the journal entry, or nothing if it opted out before."""
        if number in self._numbers:
            return ()
        self._numbers[number] = None
        return (opt_out(self._service, number, source),)

    def opt_in(self, number: str, source: str) -> tuple[JournalEntry, ...]:
        """Remove a number that opted in again; return the journal entry, or nothing if it had not opted out."""
        return (opt_in(self._service, number, source),) if self.remove(number) else ()

    def remove(self, number: str) -> bool:
        """Remove a number; return True if it had opted out."""
        return self._numbers.pop(number, self) is None


def opt_out(service: str, number: str, source: str) -> JournalEntry:
    """Return the journal entry for an opt-out. `source` is the name of a command, or `reply`."""
    return JournalEntry(kind="opt_out", fields={"service": service, "number": number, "source": source})


def opt_in(service: str, number: str, source: str) -> JournalEntry:
    """Return the journal entry for the end of an opt-out."""
    return JournalEntry(kind="opt_in", fields={"service": service, "number": number, "source": source})


def inbound(service: str, number: str, text: str) -> JournalEntry:
    """Return the journal entry for a message that a person sent to the sender of a message."""
    return JournalEntry(kind="inbound", fields={"service": service, "number": number, "text": text})
