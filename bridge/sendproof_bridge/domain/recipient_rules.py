"""Who may be sent to, and under which number."""

import phonenumbers

_YES = frozenset({"1", "true", "yes"})

OPTED_OUT = "opted_out"
# Optimove says that the customer agreed; a STOP or the provider's own list says otherwise.
OPTED_OUT_HERE = "opted_out_here"
# The provider may have sent it or not, and keeps no record that can be asked.
REPLY_LOST = "reply_lost"
# The provider's reply left it out, and its record does not show it.
NOT_MENTIONED = "not_mentioned"
# Its time was so long ago that it would do harm.
TOO_LATE = "too_late"
# The trigger did not tell the attributes, and Optimove does not let the bridge read them.
NOT_LOOKED_UP = "not_looked_up"
NOT_PERSONALISED = "not_personalised"
UNUSABLE_NUMBER = "unusable_number"
UNKNOWN_TEMPLATE = "unknown_template"


def consents(value: str | None) -> bool:
    """Whether an attribute's value says that the customer agreed; whatever is not a clear yes is a no."""
    return value is not None and value.strip().lower() in _YES


def digits(value: str | None, region: str) -> str | None:
    """The number in digits with country code, or None when nobody can be reached under it.

    `region` is the country whose national spellings are understood, such as GB. Two zeros stand for abroad in every
    region, also where people dial otherwise: records come from all over.
    """
    text = (value or "").strip()
    try:
        number = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, region)
    except phonenumbers.NumberParseException:
        return None
    # Its milder sister, `is_possible_number`, counts digits only: 0000000000 would pass.
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def listed(value: str, region: str) -> str:
    """A number as a provider lists it, mostly with its country code, in the form of `digits`; else as it is."""
    text = value.strip()
    return digits(f"+{text.lstrip('+')}", region) or digits(text, region) or text
