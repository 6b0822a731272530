"""Lists in a terminal: identifiers are never folded or cut off."""

from io import StringIO

import pytest

from sendproof_harness.cli.drive.tables import print_facts, print_table, time_text
from sendproof_harness.terminal import Terminal

CALL = "optimove.GetCustomerExecutionDetailsByCampaign"


def printed(width, *arguments, **options):
    """Return the lines of a table in a terminal of a width."""
    console = Terminal(StringIO(), width=width)
    print_table(console, *arguments, **options)
    return console.file.getvalue().splitlines()


def test_table_has_numbers_on_the_right():
    assert printed(80, ("id", "count"), [("a", "1,000"), ("bbb", "7")]) == ["id   count", "a    1,000", "bbb      7"]


def test_table_that_is_too_wide_becomes_blocks():
    """An identifier in two pieces cannot be found or copied."""
    assert printed(40, ("call", "status"), [(CALL, "200"), ("textlocal.send", "503")]) == [
        f"call    {CALL}",
        "status  200",
        "",
        "call    textlocal.send",
        "status  503",
    ]


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (42, ["id       text", "message  Hello Ann, spring is here and so", "         are we."]),
        (30, ["id", "message", "  Hello Ann, spring is here", "  and so are we."]),
    ],
)
def test_text_is_wrapped_between_words(width, lines):
    """It is next to its row if there is room, and below otherwise."""
    assert printed(width, ("id",), [("message", "Hello Ann, spring is here and so are we.")], text="text") == lines


def test_control_characters_of_a_text_are_shown():
    assert printed(80, ("id",), [("1", "red \x1b[31m")], text="text")[1] == " 1  red \\u001b[31m"


def test_facts_without_a_value_are_left_out():
    console = Terminal(StringIO())
    print_facts(console, [("id", "1"), ("near miss", ""), ("channels", "505\n250")])
    assert console.file.getvalue() == "id        1\nchannels  505\n          250\n"


def test_time_is_in_utc_to_the_second():
    assert (time_text("2026-03-02T09:00:00.125Z"), time_text(None)) == ("2026-03-02T09:00:00Z", "")
