import pytest

from sendproof_harness.cli import parsing


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("90s", 90_000), ("15m", 900_000), ("2h", 7_200_000), ("7d", 604_800_000)]
)
def test_lengths_of_time_have_a_unit(text, milliseconds):
    """Seconds, minutes, hours or days."""
    assert parsing.length(text) == milliseconds


@pytest.mark.parametrize("text", ["", "90", "h", "1.5h", "-1h", "2 h", "1w"])
def test_other_lengths_of_time_are_refused(text):
    """With an example of what was expected."""
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
def test_an_instant_is_named_or_counted_from_now(text, instant):
    """Now is what the sandbox's clock shows."""
    assert parsing.instant(text, lambda: "2026-03-02T06:00:00Z") == instant


@pytest.mark.parametrize("text", ["tomorrow", "2026-03-02", "2026-03-02T09:00:00", "2h", "+tea"])
def test_instants_without_a_zone_are_refused(text):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="expected "):
        parsing.instant(text, lambda: "2026-03-02T06:00:00Z")


def test_parameters_are_typed_by_how_they_look():
    """Numbers, true and false are such; what is quoted is text."""
    given = ["page=/offers?a=1", "amount=12.5", "count=3", "new=true", 'code="007"', "zip=007", "empty="]
    assert parsing.parameters(given) == {
        "page": "/offers?a=1", "amount": 12.5, "count": 3, "new": True, "code": "007", "zip": "007", "empty": "",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["page", "=3", ""])
def test_a_parameter_needs_a_name_and_a_value(text):
    """The message shows one."""
    with pytest.raises(ValueError, match="expected name=value such as page=/offers"):
        parsing.parameters([text])


def test_templates_get_equal_parts_and_one_time_unless_told_otherwise():
    """Or a part and a time each."""
    assert parsing.splits(["A", "B"], [], ["t"]) == [
        {"share": 0.5, "template": "A", "send_at": "t"},
        {"share": 0.5, "template": "B", "send_at": "t"},
    ]
    assert parsing.splits(["A", "B"], [0.7, 0.3], ["t", "u"])[1] == {"share": 0.3, "template": "B", "send_at": "u"}


@pytest.mark.parametrize(("shares", "times"), [([1.0], ["t"]), ([], ["t", "u", "v"]), ([], [])])
def test_shares_and_times_must_fit_the_templates(shares, times):
    """Which belongs to which would be a guess."""
    with pytest.raises(ValueError, match="of 2 --template, got"):
        parsing.splits(["A", "B"], shares, times)
