"""Phone numbers in the form that providers expect: country code and number, digits only.

phonenumbers is imported when a number needs it: most runs only have numbers that are digits already.
"""

# documented: ITU-T E.164 allows 15 digits; shorter than 7 there is no subscriber number with a country code.
_SHORTEST, _LONGEST = 7, 15
_STARTS = frozenset("+(0123456789")


def to_digits(text: str) -> str | None:
    """Return `+44 7700 900123` or `0044 7700 900123` as `447700900123`; None if no message can be sent to it.

    A national number (`07700 900123`) is None, because its country is unknown.
    """
    if text.isascii() and text.isdigit() and text[0] != "0":
        return text if _SHORTEST <= len(text) <= _LONGEST else None
    text = text.strip()
    return _parsed(text) if text[:1] in _STARTS else None


def read_number(text: str, country: str) -> str | None:
    """Return a number in a client's records as digits with country code; None if it is valid in no reading.

    It may have `+` or `00`, spaces and signs, the country code alone, or be a national number of `country`.
    documented: Xtremepush's page on its Optimove integration demands country code and number, without `+` and `00`.
    """
    text = text.strip()
    international = "+" + text.removeprefix("+").removeprefix("00")
    if text.startswith(("+", "00")):
        return _valid_number(international, None)
    return _valid_number(text, country) or _valid_number(international, None)


def _valid_number(text: str, region: str | None) -> str | None:
    import phonenumbers  # noqa: PLC0415

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number) or any(map(str.isalpha, text)):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def _parsed(text: str) -> str | None:
    import phonenumbers  # noqa: PLC0415

    if text.startswith("00"):
        text = "+" + text[2:]
    elif not text.startswith(("0", "+")):
        text = "+" + text
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number) or any(map(str.isalpha, text)):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
