"""Phone numbers in the spellings of customer data."""

import pytest

from sendproof_simulators.core.audience.audience import UNUSABLE_NUMBERS
from sendproof_simulators.core.messaging.phone import read_number, to_digits


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


@pytest.mark.parametrize(
    "text",
    ["+447123456789", "447123456789", "00447123456789", "0044 7123 456789", "07123456789", " +44 (712) 345-6789 "],
)
def test_number_in_records_is_read_in_every_spelling(text):
    """The client writes it with or without + and 00, documented for Xtremepush, or as people write it at home."""
    assert read_number(text, "GB") == "447123456789"


def test_number_of_another_country_without_plus_is_read():
    assert read_number("353851234567", "GB") == "353851234567"


@pytest.mark.parametrize("country", ["GB", "US"])
@pytest.mark.parametrize("text", [text or "" for text in UNUSABLE_NUMBERS])
def test_unusable_number_is_read_as_none(text, country):
    assert read_number(text, country) is None
