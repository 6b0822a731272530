"""Test numbers and their outcomes, and the outcomes of ordinary numbers."""

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
    draw_outcome,
    number_for_code,
    outcome_for_number,
)
from sendproof_simulators.core.messaging.number_plans import NUMBER_PLANS
from sendproof_simulators.core.messaging.phone import to_digits


def test_last_digits_of_a_number_select_its_outcome():
    for country in COUNTRIES:
        for test_number in TEST_NUMBERS:
            assert outcome_for_number(number_for_code(country, test_number.code)) is test_number.outcome
            assert (
                outcome_for_number(number_for_code(country, test_number.code, COUNTRIES[country] - 1))
                is test_number.outcome
            )


@pytest.mark.parametrize("number", ["447555000099", "447700900100", "12125560100", "4475550000", "441255500001", ""])
def test_other_numbers_have_no_outcome(number):
    """An unused code, another block, too few digits."""
    assert outcome_for_number(number) is None


@pytest.mark.parametrize("country", COUNTRIES)
def test_test_numbers_are_valid_in_their_country(country):
    """A careful bridge must not refuse one."""
    for serial in range(0, COUNTRIES[country], 97):
        parsed = phonenumbers.parse("+" + number_for_code(country, "00", serial))
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.region_code_for_number(parsed) == country


@pytest.mark.parametrize("country", COUNTRIES)
def test_each_serial_is_a_different_number(country):
    count = COUNTRIES[country]
    found = {number_for_code(country, "00", serial) for serial in range(count)}
    assert len(found) == count
    assert all(to_digits(number) == number for number in found)
    with pytest.raises(ValueError, match=f"expected a serial from 0 to {count - 1}, got {count}"):
        number_for_code(country, "00", count)


def test_unknown_code_is_refused_with_the_codes():
    with pytest.raises(ValueError, match="expected the code of a test number \\(00, 01"):
        number_for_code("GB", "99")


@pytest.mark.slow
def test_number_plans_contain_no_test_number():
    ends = {
        str(number)[:-2]
        for plan in NUMBER_PLANS.values()
        for first in plan.firsts
        for number in (first, first + plan.block // 2, first + plan.block - 1)
    }
    assert not any(outcome_for_number(start + test_number.code) for start in ends for test_number in TEST_NUMBERS)


def test_codes_and_names_are_unique_and_events_are_known():
    """Scenarios use names, numbers contain codes."""
    assert len(BY_CODE) == len(TEST_NUMBERS) == len({test_number.name for test_number in TEST_NUMBERS})
    assert {event.what for test_number in TEST_NUMBERS for event in test_number.outcome.events} <= set(DELIVERY_EVENTS)
    assert {test_number.outcome.refusal for test_number in TEST_NUMBERS} == {None, *REFUSALS}


def test_drawn_outcomes_keep_their_rates_and_times():
    ends = [draw_outcome(place / 10_000, 0) for place in range(10_000)]
    assert sum(rate.share for rate in RATES) == pytest.approx(1)
    for rate in RATES:
        times = [at for at, what in ends if what == rate.what]
        assert len(times) == pytest.approx(10_000 * rate.share, abs=2)
        assert (min(times), max(times)) == (rate.earliest, rate.latest)


def test_drawn_times_are_rounded_to_steps():
    """A bridge that waits for receipts then wakes up less often."""
    at, what = draw_outcome(0.955, 5 * SECOND)
    assert what == "undelivered"
    assert at % (HOUR // 4) == 0
