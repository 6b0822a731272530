"""Phone numbers in the spellings that customer data has."""

import pytest

from sendproof_simulators.core.audience.audience import UNUSABLE_NUMBERS
from sendproof_simulators.core.messaging.phone import to_digits


@pytest.mark.parametrize(
    "text",
    ["447700900123", "+447700900123", "00447700900123", "0044 7700 900123", "+44 (7700) 900-123", "44 7700 900123"],
)
def test_spellings_with_a_country_are_one_number(text):
    """Blanks, brackets, a plus or two zeros make no difference."""
    assert to_digits(text) == "447700900123"


def test_a_national_number_is_nobodys():
    """Nothing says whose country is meant."""
    assert to_digits("07700 900123") is None


@pytest.mark.parametrize("text", [text or "" for text in UNUSABLE_NUMBERS])
def test_what_the_audience_calls_unusable_is(text):
    """So bridges and providers agree on it."""
    assert to_digits(text) is None


@pytest.mark.parametrize("text", ["1234567", "123456789012345"])
def test_seven_to_fifteen_digits(text):
    """One less or one more is no number."""
    assert to_digits(text) == text
    assert to_digits(text[:6]) is None
    assert to_digits(text.ljust(16, "0")) is None


@pytest.mark.parametrize("text", ["+1 800 FLOWERS", "+44 7700 900123 ext. 5", "-447700900123", "++", "日本"])
def test_what_only_looks_like_a_number_is_none(text):
    """Words, extensions and signs cannot be sent to."""
    assert to_digits(text) is None
