"""Consent and phone numbers."""

import pytest

from sendproof_bridge.domain.recipient_rules import has_consent, normalize_number


@pytest.mark.parametrize("value", ["1", "true", "TRUE", " yes "])
def test_clear_yes_is_consent(value):
    """Attributes are text, and clients write a yes in different ways."""
    assert has_consent(value)


@pytest.mark.parametrize("value", [None, "", "0", "no", "false", "2", "maybe"])
def test_other_values_are_no_consent(value):
    assert not has_consent(value)


@pytest.mark.parametrize("spelling", ["+447123456789", "07123456789", "0044 7123 456789", "+44 (0)7123-456789"])
def test_every_spelling_of_a_number_has_the_same_digits(spelling):
    """Textlocal expects the country code without a plus."""
    assert normalize_number(spelling, "GB") == "447123456789"


@pytest.mark.parametrize(
    "spelling", ["+12125650100", "2125650100", "(212) 565-0100", "001 2125650100", "011 1 212 565 0100"]
)
def test_every_spelling_of_a_us_number_is_accepted(spelling):
    """Two zeros are an international prefix in records, although people in the US dial another prefix."""
    assert normalize_number(spelling, "US") == "12125650100"


@pytest.mark.parametrize("value", [None, "", "12345", "n/a", "+44", "0207946", "0000000000", "00000000000000000"])
def test_invalid_number_is_refused(value):
    assert normalize_number(value, "GB") is None


def test_national_number_belongs_to_the_region():
    assert normalize_number("06 12 34 56 78", "FR") == "33612345678"


def test_number_of_another_country_without_plus_is_understood() -> None:
    """Xtremepush's guide demands the country code without + and 00."""
    assert normalize_number("353851234567", "GB") == "353851234567"
