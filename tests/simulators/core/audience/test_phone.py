"""Phone numbers in the spellings of customer data."""

import pytest

from sendproof_simulators.core.audience.audience import UNUSABLE_NUMBERS
from sendproof_simulators.core.messaging.phone import to_digits


@pytest.mark.parametrize(
    "text",
    ["447700900123", "+447700900123", "00447700900123", "0044 7700 900123", "+44 (7700) 900-123", "44 7700 900123"],
)
def test_spellings_with_a_country_code_are_one_number(text):
    assert to_digits(text) == "447700900123"


def test_national_number_is_unusable():
    """Its country is unknown."""
    assert to_digits("07700 900123") is None


@pytest.mark.parametrize("text", [text or "" for text in UNUSABLE_NUMBERS])
def test_unusable_numbers_of_the_audience_are_unusable(text):
    """So bridges and providers agree on them."""
    assert to_digits(text) is None


@pytest.mark.parametrize("text", ["1234567", "123456789012345"])
def test_number_has_seven_to_fifteen_digits(text):
    assert to_digits(text) == text
    assert to_digits(text[:6]) is None
    assert to_digits(text.ljust(16, "0")) is None


@pytest.mark.parametrize("text", ["+1 800 FLOWERS", "+44 7700 900123 ext. 5", "-447700900123", "++", "日本"])
def test_words_extensions_and_signs_are_unusable(text):
    assert to_digits(text) is None
