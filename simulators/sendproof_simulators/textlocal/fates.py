"""What becomes of a message, and when: drawn from the seed by the message's id.

documented: the letters and what they mean, https://api.txtlocal.com/docs/helpfulinfo; that an undelivered message was
usually tried for more than 48 hours, same page; that a pending or expired message is not pushed,
https://api.txtlocal.com/docs/handlingreceipts. assumed: how often each happens, and all delays.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_simulators.core.chance import Chance
from sendproof_simulators.core.clock import HOUR, MINUTE, SECOND, Instant

PENDING = "P"
# Longest life of a message. documented: `validity` is at most this far ahead.
LIFE = 72 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One way to end, at a whole `step` of the clock: whoever waits for receipts then has fewer instants to wake at."""

    letter: str
    status: str
    share: float
    earliest: int
    latest: int
    step: int
    pushed: bool = True


FATES = (
    Fate(letter="D", status="delivered", share=0.94, earliest=2 * SECOND, latest=60 * SECOND, step=SECOND),
    Fate(letter="U", status="undelivered", share=0.03, earliest=HOUR, latest=48 * HOUR, step=15 * MINUTE),
    Fate(letter="I", status="invalid", share=0.01, earliest=3 * SECOND, latest=9 * SECOND, step=SECOND),
    Fate(letter="E", status="expired", share=0.01, earliest=LIFE, latest=LIFE, step=SECOND, pushed=False),
    Fate(letter="?", status="unknown", share=0.01, earliest=LIFE, latest=LIFE, step=SECOND),
)
BY_LETTER: Mapping[str, Fate] = {fate.letter: fate for fate in FATES}
_EXPIRED = ord("E")


@dataclass(frozen=True, slots=True)
class Ends:
    """When and how each message of a call ends, as columns; `order` is their places by the time of their ends."""

    at: "array[int]"
    letters: bytes
    order: "array[int]"


def draw_ends(chance: Chance, first_id: int, count: int, send_at: Instant, validity: Instant | None) -> Ends:
    """The ends of `count` messages with neighbouring ids that go out at `send_at`. None outlives its validity."""
    at, letters = array("q"), bytearray()
    for id_ in range(first_id, first_id + count):
        ends, letter = _end(chance.fraction("textlocal", "fate", id_), send_at)
        if validity is not None and ends > validity:
            ends, letter = max(validity, send_at), _EXPIRED
        at.append(ends)
        letters.append(letter)
    return Ends(at, bytes(letters), array("q", sorted(range(count), key=at.__getitem__)))


def _end(draw: float, send_at: Instant) -> tuple[Instant, int]:
    """One draw decides on the fate, and what is left of it on the delay."""
    for fate in FATES:
        if draw < fate.share:
            break
        draw -= fate.share
    choices = (fate.latest - fate.earliest) // fate.step + 1
    steps = fate.earliest // fate.step + min(int(draw / fate.share * choices), choices - 1)
    return (-(-send_at // fate.step) + steps) * fate.step, ord(fate.letter)
