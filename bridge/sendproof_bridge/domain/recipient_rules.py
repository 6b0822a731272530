"""Consent and phone numbers: which customers get messages, and the reasons why others do not."""

import phonenumbers

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
# The trigger event has no attributes, and Optimove does not let the bridge read them.
NOT_LOOKED_UP = "not_looked_up"
NOT_PERSONALISED = "not_personalised"
UNUSABLE_NUMBER = "unusable_number"
UNKNOWN_TEMPLATE = "unknown_template"


def has_consent(value: str | None) -> bool:
    """Return True if an attribute's value is a clear yes; every other value is a no."""
    return value is not None and value.strip().lower() in _CONSENT_VALUES


def normalize_number(value: str | None, region: str) -> str | None:
    """Return the number as digits with country code; None if it is not valid in any country.

    `region` is the country of numbers without a country code, such as GB. Two leading zeros mark an international
    number in every region, even where people dial another prefix: customer records come from all over the world.
    """
    text = (value or "").strip()
    try:
        number = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, region)
    except phonenumbers.NumberParseException:
        return None
    # `is_possible_number` only counts digits: it would accept 0000000000.
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def normalize_listed_number(value: str, region: str) -> str:
    """Return a number from a provider's list, usually with a country code, as digits; unchanged if it is not valid."""
    text = value.strip()
    return normalize_number(f"+{text.lstrip('+')}", region) or normalize_number(text, region) or text
