"""Numbers that bridges with different rules for phone numbers disagree about. Imported when a scenario has numbers."""

import phonenumbers


def is_disputed(number: str, country: str) -> bool:
    """Return True if a number has the length of a mobile number in some reading, and is valid in none."""
    digits = number.strip().removeprefix("+").removeprefix("00")
    readings = [reading for text in (number, f"+{digits}") if (reading := _parsed(text, country)) is not None]
    return not any(map(phonenumbers.is_valid_number, readings)) and any(map(_has_mobile_length, readings))


def _has_mobile_length(number: phonenumbers.PhoneNumber) -> bool:
    result = phonenumbers.is_possible_number_for_type_with_reason(number, phonenumbers.PhoneNumberType.MOBILE)
    return result == phonenumbers.ValidationResult.IS_POSSIBLE and number.national_number != 0


def _parsed(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
