"""Plain spellings of numbers, compared with phonenumbers."""

import phonenumbers
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from sendproof_bridge.domain.plain_numbers import plain_number

# Of each kind: a code with one region, with many, with ties between regions, and rules that insert or keep digits.
REGIONS = ["GB", "GG", "IM", "US", "CA", "AG", "RU", "KZ", "IT", "AR", "MX", "BR", "SM", "DE", "FR", "IN", "AU", "JP"]
KINDS = ["mobile", "fixed_line", "toll_free"]
SPELLINGS = [PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.NATIONAL]


def examples(region):
    """Return the numbers in the metadata of a region, without the country code."""
    descriptions = [getattr(PhoneMetadata.metadata_for_region(region), kind) for kind in KINDS]
    return [desc.example_number for desc in descriptions if desc and desc.example_number]


@st.composite
def spelled_numbers(draw):
    """Generate nearly valid numbers with prefixes, punctuation and what else people type."""
    region, default_region = draw(st.sampled_from(REGIONS)), draw(st.sampled_from(REGIONS))
    number = list(draw(st.sampled_from(examples(region))))
    for index in draw(st.lists(st.integers(2, len(number) - 1), max_size=1)):
        number[index] = draw(st.sampled_from("0123456789"))
    code = draw(st.sampled_from(["", str(phonenumbers.country_code_for_region(region))]))
    usual = [["+", "00"] if code else ["", "0"], ["+", "00", "", "0", "011", "(+", "++", "0 0", "1", "8"]]
    digits = [draw(st.sampled_from(draw(st.sampled_from(usual)))), code]
    digits += [draw(st.sampled_from(["", "", "", "", "", "0", "(0)", "1", "9"])), *number]
    for index in draw(st.lists(st.integers(0, len(digits)), max_size=2)):
        digits.insert(index, draw(st.sampled_from(" -.()x/0٣")))
    return "".join(digits).strip(), draw(st.sampled_from([region, region, default_region]))


def number_by_phonenumbers(text, region):
    try:
        number = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, region)
    except phonenumbers.NumberParseException:
        return None
    is_valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:] if is_valid else None


@settings(max_examples=300)
@given(spelled_numbers())
def test_plain_number_is_the_number_of_phonenumbers(spelled):
    found = plain_number(*spelled)
    event("plain" if found else "left to phonenumbers")

    assert found in {None, number_by_phonenumbers(*spelled)}


@pytest.mark.parametrize("kind", [PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE])
def test_usual_spellings_of_every_region_are_plain(kind):
    """They are nearly all numbers of a page. Argentina's mobile numbers are dialled with other digits at home."""
    numbers = {region: phonenumbers.example_number_for_type(region, kind) for region in phonenumbers.SUPPORTED_REGIONS}
    left = {
        region
        for region, number in numbers.items()
        if number and phonenumbers.is_valid_number(number)
        for spelling in SPELLINGS
        if plain_number(phonenumbers.format_number(number, spelling), region) is None
    }

    assert left <= {"AR"}


@pytest.mark.parametrize(
    "text", ["", "+", "unknown", "0" * 60, "+44 7400 123456 x3", "+44 7400 123456/57", "٠٧٤٠٠١٢٣٤٥٦"]
)
def test_other_texts_are_left_to_phonenumbers(text):
    assert plain_number(text, "GB") is None


def test_unknown_region_is_left_to_phonenumbers():
    assert plain_number("07400123456", "gb") is None
