"""Which phone numbers Delivyr can send to.

documented: numbers are E.164, https://docs.delivyr.net/docs/customer-io; the United States and Canada only, same place.
"""

import re

import phonenumbers

from sendproof_simulators.core.messaging.delivery_outcomes import BLOCKED as CARRIER
from sendproof_simulators.core.messaging.delivery_outcomes import LANDLINE, outcome_for_number
from sendproof_simulators.core.messaging.delivery_outcomes import OPTED_OUT as STOPPED
from sendproof_simulators.core.messaging.delivery_outcomes import QUEUE_FULL as QUEUE
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
_REFUSALS = {STOPPED: OPTED_OUT, LANDLINE: CANNOT_RECEIVE, CARRIER: BLOCKED}


def digits_of(phone_number: str, *, complete: bool) -> str | None:
    """The digits with country code of a number in E.164, else None; `complete` takes ten digits for American ones."""
    if _E164.fullmatch(phone_number):
        return phone_number[1:]
    return "1" + phone_number if complete and _TEN_DIGITS.fullmatch(phone_number) else None


def rejection_of(number: str | None, opt_outs: OptOuts) -> str | None:
    """The code with which a message to these digits is rejected, or None when it can go out."""
    wrong = INCORRECT_FORMAT if number is None else _wrong_by_form(number)
    if wrong is not None or number is None:
        return wrong
    if number in opt_outs:
        return OPTED_OUT
    outcome = outcome_for_number(number)
    return None if outcome is None or outcome.refusal is None else _REFUSALS.get(outcome.refusal)


def is_queue_full(number: str | None) -> bool:
    """Whether the number dials that nothing is taken at the moment."""
    outcome = None if number is None else outcome_for_number(number)
    return outcome is not None and outcome.refusal == QUEUE


def _wrong_by_form(number: str) -> str | None:
    try:
        parsed = phonenumbers.parse("+" + number, None)
    except phonenumbers.NumberParseException:
        return INCORRECT_FORMAT
    if not phonenumbers.is_valid_number(parsed):
        return INCORRECT_FORMAT
    return None if phonenumbers.region_code_for_number(parsed) in _COUNTRIES else UNSUPPORTED_COUNTRY
