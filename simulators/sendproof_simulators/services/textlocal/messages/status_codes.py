"""Textlocal's status codes of messages: one character for each state.

documented: the codes and their meaning, https://api.txtlocal.com/docs/helpfulinfo; that a pending or expired message
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

STATUS_CODES: Mapping[str, str] = {
    PENDING: "P",
    DELIVERED: "D",
    UNDELIVERED: "U",
    INVALID: "I",
    EXPIRED: "E",
    UNKNOWN: "?",
    # No response contains this one: Textlocal does not know a cancelled message any more.
    CANCELLED: "C",
}
STATES_BY_CODE: Mapping[str, str] = {code: state for state, code in STATUS_CODES.items()}
PUSHED_STATES = frozenset(STATES) - {EXPIRED}
