"""Consent, phone numbers and e-mail addresses: which customers get messages, and the reasons why others do not."""

import re
from functools import lru_cache

import phonenumbers

from sendproof_bridge.domain.plain_numbers import plain_number

# RFC 5321, without quoted local parts and domain literals, which no mail provider gives to people.
_ADDRESS = re.compile(
    r"(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_LONGEST_ADDRESS = 254

_CONSENT_VALUES = frozenset({"1", "true", "yes"})

OPTED_OUT = "opted_out"
# The customer's attribute shows consent, but a STOP or the provider's own list contradicts it.
OPTED_OUT_HERE = "opted_out_here"
# The provider may have sent it or not, and has no record that could be read.
REPLY_LOST = "reply_lost"
# The provider's response left it out, and the provider's record does not contain it.
NOT_MENTIONED = "not_mentioned"
# So long after its send time that a message would do harm.
TOO_LATE = "too_late"
# The batch was given up, and an operator dropped it.
GIVEN_UP = "given_up"
# The trigger event has no attributes, and Optimove does not let the bridge read them.
NOT_LOOKED_UP = "not_looked_up"
NOT_PERSONALISED = "not_personalised"
UNUSABLE_NUMBER = "unusable_number"
UNUSABLE_ADDRESS = "unusable_address"
UNKNOWN_TEMPLATE = "unknown_template"


def has_consent(value: str | None) -> bool:
    """Return True if an attribute's value is a clear yes; every other value is a no."""
    return value is not None and value.strip().lower() in _CONSENT_VALUES


def opt_out_key(message: str, recipient: str) -> str:
    """Return what stands for a recipient in the list of opt-outs, apart from phone numbers.

    So an opt-out from one type of messages leaves those of another type alone.
    """
    return f"{message}:{recipient}"


def normalize_address(value: str | None) -> str | None:
    """Return an e-mail address without spaces around it and in lower case; None if it is no address."""
    text = (value or "").strip()
    return text.lower() if len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) else None


def normalize_number(value: str | None, region: str) -> str | None:
    """Return the number as digits with country code; None if it is not valid in any country.

    `region` is the country of numbers without a country code, such as GB. Two leading zeros mark an international
    number in every region, even where people dial another prefix: customer records come from all over the world. So do
    digits that are no number of the region: Xtremepush's guide demands the country code without + and 00.
    """
    text = (value or "").strip()
    return plain_number(text, region) or _parsed_number(text, region)


# Records repeat what is no number, such as n/a.
@lru_cache(maxsize=1024)
def _parsed_number(text: str, region: str) -> str | None:
    if text.startswith("00"):
        return _valid_number("+" + text[2:], region)
    return _valid_number(text, region) or _valid_number("+" + text, region)


def _valid_number(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    # `is_possible_number` only counts digits: it would accept 0000000000.
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def normalize_listed_number(value: str, region: str) -> str:
    """Return a number from a provider's list, usually with a country code, as digits; unchanged if it is not valid.

    A list of e-mail addresses is read as well.
    """
    text = value.strip()
    if "@" in text:
        return normalize_address(text) or text
    return normalize_number(f"+{text.lstrip('+')}", region) or normalize_number(text, region) or text
