"""Values on the command line of `sendproof marketer`."""

import pytest

from sendproof_harness.cli import parsing


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("90s", 90_000), ("15m", 900_000), ("2h", 7_200_000), ("7d", 604_800_000), ("1h30m", 5_400_000)],
)
def test_lengths_of_time_have_a_unit(text, milliseconds):
    assert parsing.length(text) == milliseconds


@pytest.mark.parametrize("text", ["", "90", "h", "1.5h", "-1h", "2 h", "1w"])
def test_length_of_time_without_a_known_unit_is_refused(text):
    with pytest.raises(ValueError, match=r"expected a length of time such as 90s, 15m, 2h or 7d, got "):
        parsing.length(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00.000Z"),
        ("+2h", "2026-03-02T08:00:00.000Z"),
        ("+0s", "2026-03-02T06:00:00.000Z"),
    ],
)
def test_instant_is_absolute_or_relative_to_now(text, instant):
    """Now is the time of the sandbox."""
    assert parsing.instant(text, lambda: "2026-03-02T06:00:00Z") == instant


@pytest.mark.parametrize("text", ["365001d", "999999999d999999999d"])
def test_length_of_time_beyond_the_last_year_is_refused(text):
    with pytest.raises(ValueError, match="expected a length of time of at most 365,000d, got "):
        parsing.length(text)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00",
        "tomorrow",
        "2026-03-02",
        "2026-03-02T09:00:00",
        "2h",
        "+tea",
        "9999-12-31T23:00:00-14:00",
    ],
)
def test_instant_without_a_zone_is_refused(text):
    with pytest.raises(ValueError, match="expected "):
        parsing.instant(text, lambda: "2026-03-02T06:00:00Z")


def test_parameters_get_the_type_of_their_value():
    """Quoted values are text."""
    texts = ["page=/offers?a=1", "amount=12.5", "count=3", "new=true", 'code="007"', "zip=007", "empty="]
    assert parsing.parameters(texts) == {
        "page": "/offers?a=1", "amount": 12.5, "count": 3, "new": True, "code": "007", "zip": "007", "empty": "",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["page", "=3", ""])
def test_parameter_without_name_or_value_is_refused(text):
    with pytest.raises(ValueError, match="expected name=value such as page=/offers"):
        parsing.parameters([text])


def test_templates_get_equal_shares_and_one_time_by_default():
    assert parsing.splits(["A", "B"], [], ["t"], []) == [
        {"share": 0.5, "template": "A", "send_at": "t"},
        {"share": 0.5, "template": "B", "send_at": "t"},
    ]
    assert parsing.splits(["A", "B"], [0.7, 0.3], ["t", "u"], [])[1] == {"share": 0.3, "template": "B", "send_at": "u"}


def test_share_of_the_only_template_is_refused():
    """Shares are relative, so it would have no effect."""
    assert parsing.splits(["A"], [1.0], ["t"], [])[0]["share"] == 1
    with pytest.raises(ValueError, match=r"expected 1, got 0.5; for customers who get nothing, use --control-group"):
        parsing.splits(["A"], [0.5], ["t"], [])


@pytest.mark.parametrize(
    ("shares", "times", "groups"),
    [([1.0], ["t"], []), ([], ["t", "u", "v"], []), ([], [], []), ([], ["t"], [1, 2, 3])],
)
def test_number_of_shares_times_and_groups_must_match_the_templates(shares, times, groups):
    with pytest.raises(ValueError, match="of 2 --template, got"):
        parsing.splits(["A", "B"], shares, times, groups)
