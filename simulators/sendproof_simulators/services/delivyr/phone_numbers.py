"""The phone numbers that Delivyr can send to.

documented: numbers are E.164, https://docs.delivyr.net/docs/customer-io; only the United States and Canada, same page.
"""

import re

from sendproof_simulators.core.messaging import delivery_outcomes
from sendproof_simulators.core.messaging.delivery_outcomes import outcome_for_number
from sendproof_simulators.core.messaging.opt_outs import OptOuts
from sendproof_simulators.services.delivyr.errors import (
    BLOCKED,
    CANNOT_RECEIVE,
    INCORRECT_FORMAT,
    OPTED_OUT,
    UNSUPPORTED_COUNTRY,
)

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_TEN_DIGITS = re.compile(r"[2-9][0-9]{9}")
_COUNTRIES = frozenset({"US", "CA"})
_CODES = {
    delivery_outcomes.OPTED_OUT: OPTED_OUT,
    delivery_outcomes.LANDLINE: CANNOT_RECEIVE,
    delivery_outcomes.BLOCKED: BLOCKED,
}


def digits_of(phone_number: str, *, complete: bool) -> str | None:
    """Return the digits of an E.164 number with country code, or None for anything else.

    `complete` puts the code 1 before ten digits.
    """
    if _E164.fullmatch(phone_number):
        return phone_number[1:]
    return "1" + phone_number if complete and _TEN_DIGITS.fullmatch(phone_number) else None


def rejection_for_number(number: str | None, opt_outs: OptOuts) -> str | None:
    """Return the code that rejects a message to these digits, or None if it can go out."""
    code = INCORRECT_FORMAT if number is None else _format_error(number)
    if code is not None or number is None:
        return code
    if number in opt_outs:
        return OPTED_OUT
    outcome = outcome_for_number(number)
    return None if outcome is None or outcome.refusal is None else _CODES.get(outcome.refusal)


def is_queue_full(number: str | None) -> bool:
    """Return True if it is a test number whose queue is full."""
    outcome = None if number is None else outcome_for_number(number)
    return outcome is not None and outcome.refusal == delivery_outcomes.QUEUE_FULL


def _format_error(number: str) -> str | None:
    import phonenumbers  # noqa: PLC0415 - other services, which share the process, need none of it

    try:
        parsed = phonenumbers.parse("+" + number, None)
    except phonenumbers.NumberParseException:
        return INCORRECT_FORMAT
    if not phonenumbers.is_valid_number(parsed):
        return INCORRECT_FORMAT
    return None if phonenumbers.region_code_for_number(parsed) in _COUNTRIES else UNSUPPORTED_COUNTRY
