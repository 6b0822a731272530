"""The functions that the statements of the recount call."""

import pytest

from sendproof_harness.recount.clock import VisibleTime
from sendproof_harness.recount.texts import agrees, fits, letters, refill, significant_digits


def test_text_fits_its_template_only():
    assert fits("Hello Ana, welcome.", "Hello {{ FIRST_NAME }}, welcome.")
    assert not fits("Hello Ana", "Hello {{FIRST_NAME}}, welcome.")


def test_values_of_a_text_fill_another_template():
    assert refill("Hi Ana of Leeds", "Hi {{NAME}} of {{CITY}}", "%%|NAME^{you}%%, welcome") == "Ana, welcome"


def test_template_that_needs_another_value_is_not_filled():
    assert refill("Hi Ana", "Hi {{NAME}}", "Hi {{NAME}} of {{CITY}}") is None


def test_text_of_another_customer_does_not_agree():
    assert agrees("Dear Ana", "Dear {{NAME}}", "Hi Ana", "Hi {{NAME}}")
    assert not agrees("Dear Ben", "Dear {{NAME}}", "Hi Ana", "Hi {{NAME}}")


def test_forms_of_a_number_share_ten_digits():
    assert {significant_digits(number) for number in ("447100000003", "+44 7100 000003", "07100000003")} == {
        "7100000003"
    }


def test_letters_survive_a_wrong_character_set():
    assert letters("Zoë, 5 %") == letters("Zo?, 5 €") == "Zo5"


def test_time_passes_without_jumps_for_a_bridge_outside_virtual_time():
    time = VisibleTime(timed=False, jumps=[(1_000, 50_000), (60_000, 90_000)])
    assert [time.later(0, 500), time.later(0, 1_500), time.later(2_000, 11_000)] == [500, 50_500, 91_000]


def test_bridge_in_virtual_time_sees_all_of_it():
    assert VisibleTime(timed=True, jumps=[]).later(5, 120_000) == 120_005


@pytest.mark.parametrize("part", ["%%|A^{", "{{", "{{ ", " "])
def test_body_that_begins_many_placeholders_is_read_once(part):
    """Each of them looked for its end in all of the rest, which took hours."""
    body = "{{" + part * 1_000_000
    assert refill("Ana", "{{NAME}}", body) == body
