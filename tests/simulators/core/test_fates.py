"""Magic numbers: what they dial, that they are real enough, and that the documents list them."""

import phonenumbers
import pytest

from sendproof_simulators.core.clock.wall_clock import HOUR, SECOND
from sendproof_simulators.core.messaging.delivery_outcomes import (
    BY_CODE,
    COUNTRIES,
    DELIVERY_EVENTS,
    RATES,
    REFUSALS,
    TEST_NUMBERS,
    drawn,
    number_for_code,
    outcome_for_number,
)
from sendproof_simulators.core.messaging.number_plans import NUMBERINGS
from sendproof_simulators.core.messaging.phone import to_digits


def test_a_number_dials_the_fate_of_its_last_digits():
    """In Great Britain, in the United States and in Canada."""
    for country in COUNTRIES:
        for test_number in TEST_NUMBERS:
            assert outcome_for_number(number_for_code(country, test_number.code)) is test_number.outcome
            assert (
                outcome_for_number(number_for_code(country, test_number.code, COUNTRIES[country] - 1))
                is test_number.outcome
            )


@pytest.mark.parametrize("number", ["447555000099", "447700900100", "12125560100", "4475550000", "441255500001", ""])
def test_other_numbers_dial_nothing(number):
    """A code that is free, another block, too few digits."""
    assert outcome_for_number(number) is None


@pytest.mark.parametrize("country", COUNTRIES)
def test_magic_numbers_are_valid_in_their_country(country):
    """No careful bridge refuses one."""
    for serial in range(0, COUNTRIES[country], 97):
        parsed = phonenumbers.parse("+" + number_for_code(country, "00", serial))
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.region_code_for_number(parsed) == country


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_serial_is_a_number_of_its_own(country):
    """And one past the last is refused."""
    count = COUNTRIES[country]
    found = {number_for_code(country, "00", serial) for serial in range(count)}
    assert len(found) == count
    assert all(to_digits(number) == number for number in found)
    with pytest.raises(ValueError, match=f"expected a serial from 0 to {count - 1}, got {count}"):
        number_for_code(country, "00", count)


def test_an_unknown_code_is_refused():
    """The message lists the codes."""
    with pytest.raises(ValueError, match="expected the code of a magic number \\(00, 01"):
        number_for_code("GB", "99")


def test_no_audience_gives_out_a_magic_number():
    """Its blocks lie elsewhere: whatever the last digits are, these are ordinary numbers."""
    ends = {
        str(number)[:-2]
        for numbering in NUMBERINGS.values()
        for first in numbering.firsts
        for number in (first, first + numbering.block // 2, first + numbering.block - 1)
    }
    assert not any(outcome_for_number(start + test_number.code) for start in ends for test_number in TEST_NUMBERS)


def test_codes_and_names_are_unique_and_words_are_known():
    """Scenarios ask by name, numbers by code."""
    assert len(BY_CODE) == len(TEST_NUMBERS) == len({test_number.name for test_number in TEST_NUMBERS})
    assert {event.what for test_number in TEST_NUMBERS for event in test_number.outcome.events} <= set(DELIVERY_EVENTS)
    assert {test_number.outcome.refusal for test_number in TEST_NUMBERS} == {None, *REFUSALS}


def test_ordinary_fates_keep_their_rates_and_windows():
    """A draw decides on the way to end, what is left of it on the delay."""
    ends = [drawn(place / 10_000, 0) for place in range(10_000)]
    assert sum(rate.share for rate in RATES) == pytest.approx(1)
    for rate in RATES:
        times = [at for at, what in ends if what == rate.what]
        assert len(times) == pytest.approx(10_000 * rate.share, abs=2)
        assert (min(times), max(times)) == (rate.earliest, rate.latest)


def test_ends_fall_on_whole_steps():
    """So that whoever waits for receipts wakes less often."""
    at, what = drawn(0.955, 5 * SECOND)
    assert what == "undelivered"
    assert at % (HOUR // 4) == 0
