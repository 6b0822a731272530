"""Who may be sent to, and under which number."""

import pytest

from sendproof_bridge.domain.recipient_rules import has_consent, normalize_number
from sendproof_bridge.outbound.sms_encoding import needs_unicode


@pytest.mark.parametrize("value", ["1", "true", "TRUE", " yes "])
def test_a_clear_yes_is_consent(value):
    """Optimove's attributes are text, and clients write a yes in different ways."""
    assert has_consent(value)


@pytest.mark.parametrize("value", [None, "", "0", "no", "false", "2", "maybe"])
def test_all_else_is_no_consent(value):
    """In doubt nobody is sent anything."""
    assert not has_consent(value)


@pytest.mark.parametrize("spelling", ["+447123456789", "07123456789", "0044 7123 456789", "+44 (0)7123-456789"])
def test_every_spelling_of_a_number_becomes_the_same_digits(spelling):
    """Textlocal wants country code and number, without a plus."""
    assert normalize_number(spelling, "GB") == "447123456789"


@pytest.mark.parametrize(
    "spelling", ["+12125650100", "2125650100", "(212) 565-0100", "001 2125650100", "011 1 212 565 0100"]
)
def test_american_numbers_are_known_by_any_spelling(spelling):
    """Ten digits at home, and two zeros from abroad, although nobody dials them there."""
    assert normalize_number(spelling, "US") == "12125650100"


@pytest.mark.parametrize("value", [None, "", "12345", "n/a", "+44", "0207946", "0000000000", "00000000000000000"])
def test_what_is_no_number_is_refused(value):
    """A number that exists in no country would only cost money."""
    assert normalize_number(value, "GB") is None


def test_a_national_number_belongs_to_the_default_region():
    """The same digits are another number in France."""
    assert normalize_number("06 12 34 56 78", "FR") == "33612345678"


def test_plain_texts_need_no_unicode():
    """Pound and euro signs, braces and umlauts are in the alphabet of SMS."""
    assert not needs_unicode("Hello Jürgen, £5 or 6€ [off] {now}\n")


@pytest.mark.parametrize("text", ["Zażółć", "naïve", "😀", "“quoted”"])
def test_other_letters_need_unicode(text):
    """One such letter changes how the whole message is encoded."""
    assert needs_unicode(text)
