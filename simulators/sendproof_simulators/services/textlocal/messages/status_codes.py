"""How Textlocal calls what becomes of a message.

documented: the letters and what they mean, https://api.txtlocal.com/docs/helpfulinfo; that a pending or expired message
is not pushed, https://api.txtlocal.com/docs/handlingreceipts.
"""

from collections.abc import Mapping

from sendproof_simulators.core.messaging.delivery_outcomes import (
    DELIVERED,
    EXPIRED,
    INVALID,
    STATES,
    UNDELIVERED,
    UNKNOWN,
)
from sendproof_simulators.core.messaging.lifecycle import CANCELLED, PENDING

LETTERS: Mapping[str, str] = {
    PENDING: "P",
    DELIVERED: "D",
    UNDELIVERED: "U",
    INVALID: "I",
    EXPIRED: "E",
    UNKNOWN: "?",
    # Nobody ever sees this one: a message that was cancelled is not known any more.
    CANCELLED: "C",
}
STATE_OF: Mapping[str, str] = {letter: state for state, letter in LETTERS.items()}
PUSHED = frozenset(STATES) - {EXPIRED}
