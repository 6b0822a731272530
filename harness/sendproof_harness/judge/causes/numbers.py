"""Wrong forms of a phone number: why a number is not the customer's, in digits with the country code."""

import re
from collections.abc import Callable

# Fewer digits may be part of any number.
_LEAST_DIGITS = 6
# Country codes have one to three digits.
_COUNTRY_CODE_MAX = 3

_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")


def digits(number: str) -> str:
    """Return the digits of a number."""
    return "".join(character for character in number if character.isdecimal())


def national_digits(number: str) -> str:
    """Return the digits without leading zeros, which precede a national number or a country code."""
    return digits(number).lstrip("0")


def _lacks_country_code(got: str, expected: str) -> bool:
    national = national_digits(got)
    code = len(expected) - len(national)
    return len(national) >= _LEAST_DIGITS and expected.endswith(national) and 0 < code <= _COUNTRY_CODE_MAX


def _has_extra_prefix(got: str, expected: str) -> bool:
    """Return True if a country code precedes the number in any form."""
    written = digits(got)
    return any(
        written.startswith(expected[:length])
        and written[length:].lstrip("0") == expected
        and len(written) > len(expected)
        for length in range(1, _COUNTRY_CODE_MAX + 1)
    )


def _has_zero_inside(got: str, expected: str) -> bool:
    written = digits(got)
    return any(written == f"{expected[:length]}0{expected[length:]}" for length in range(1, _COUNTRY_CODE_MAX + 1))


def _has_other_country_code(got: str, expected: str) -> bool:
    written = national_digits(got)
    return any(
        written != expected and written[other:] == expected[own:] and len(expected[own:]) > _LEAST_DIGITS
        for own in range(1, _COUNTRY_CODE_MAX + 1)
        for other in range(1, _COUNTRY_CODE_MAX + 1)
    )


def _has_lost_digits(got: str, expected: str) -> bool:
    written = digits(got)
    is_part = expected.startswith(written) or expected.endswith(written)
    return _LEAST_DIGITS <= len(written) < len(expected) and is_part


def _has_digits(got: str, expected: str) -> bool:
    return digits(got) == expected


#: The hypotheses, the most specific first.
_FORMS: tuple[tuple[Callable[[str, str], bool], str], ...] = (
    (lambda got, _: not got.strip(), "the number is empty"),
    (lambda got, expected: got.strip() == f"+{expected}", "a plus before the number"),
    (lambda got, expected: digits(got) == f"00{expected}", "leading zeros before the country code"),
    (lambda got, expected: digits(got) == f"0{expected}", "leading zeros before the country code"),
    (lambda got, _: _SCIENTIFIC.fullmatch(got.strip()) is not None, "written as a floating-point number"),
    (lambda got, expected: got.strip() == f"{expected}.0", "written as a floating-point number"),
    (_has_digits, "spaces or signs in the number"),
    (_has_zero_inside, "a 0 after the country code"),
    (_has_extra_prefix, "country code twice"),
    (_lacks_country_code, "country code missing"),
    (_has_other_country_code, "another country code"),
    (_has_lost_digits, "digits missing"),
)


def number_cause(got: str, expected: str) -> str | None:
    """Return why this form of the expected number is wrong; None if it is the right form or another number."""
    if got == expected:
        return None
    return next((cause for applies, cause in _FORMS if applies(got, expected)), None)
