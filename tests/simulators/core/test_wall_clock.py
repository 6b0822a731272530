"""Times as clients of many languages write them."""

import pytest

from sendproof_simulators.core.clock.wall_clock import iso, parse_iso


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02T09:00Z", "2026-03-02T09:00:00.000Z"),
        ("2026-03-02t10:00:00.5+01:00", "2026-03-02T09:00:00.500Z"),
        ("2026-03-02T09:00:00.0000000Z", "2026-03-02T09:00:00.000Z"),
        ("2026-03-02T09:00:00.123000000Z", "2026-03-02T09:00:00.123Z"),
    ],
    ids=["minutes", "offset", ".NET", "Go"],
)
def test_time_has_up_to_nine_digits_of_a_second(text: str, instant: str) -> None:
    assert iso(parse_iso(text)) == instant


@pytest.mark.parametrize("text", ["2026-03-02T09:00:00.1231Z", "2026-03-02T09:00:00.123000001Z"])
def test_time_between_two_milliseconds_is_the_later_one(text: str) -> None:
    """A bridge that is woken before its time finds no work, and parks until the same time again, forever."""
    assert iso(parse_iso(text)) == "2026-03-02T09:00:00.124Z"


@pytest.mark.parametrize(
    "text", ["2999-12-31T23:59:59-05:00", "2999-12-31T23:59:59.9999Z", "1971-01-01T00:00:00+01:00"]
)
def test_time_whose_year_in_utc_is_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a year from 1971 to 2999"):
        parse_iso(text)


@pytest.mark.parametrize(
    "text", ["2026-03-02 09:00:00Z", "2026-03-02T09:00:00", "2026-03-02T09:00:00.0123456789Z", "9"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected an ISO 8601 time with a zone such as"):
        parse_iso(text)
