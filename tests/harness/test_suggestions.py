"""Hints for names that do not exist."""

import pytest

from sendproof_harness.suggestions import alternatives, closest, suggestion, wrong_choice

NAMES = ("first_campaign", "Spring welcome", "textlocal")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("first_campain", "first_campaign"), ("spring WELCOME", "Spring welcome"), ("xtremepush", None), ("", None)],
)
def test_closest_name_ignores_case_and_is_absent_if_none_is_near(name: str, nearest: str | None) -> None:
    assert closest(name, NAMES) == nearest


@pytest.mark.parametrize(
    ("known", "hint"),
    [
        (NAMES, 'did you mean "textlocal"?'),
        (("a", 7), "known: a, 7"),
        ((), "there are none"),
        (map(str, range(100)), "list them with: sendproof numbers"),
    ],
)
def test_hint_is_the_closest_name_or_else_all_names(known: tuple[object, ...], hint: str) -> None:
    assert suggestion("texlocal", known, command="sendproof numbers") == hint


@pytest.mark.parametrize(("names", "text"), [(["a"], "a"), (["a", 2], "a or 2"), (["a", "b", "c"], "a, b or c")])
def test_alternatives_are_joined_with_or(names: list[object], text: str) -> None:
    assert alternatives(names) == text


@pytest.mark.parametrize(("value", "hint"), [("texlocal", '; did you mean "textlocal"?'), ("twilio", "")])
def test_wrong_choice_names_the_option_the_choices_and_the_value(value: str, hint: str) -> None:
    message = f"--provider: expected textlocal or xtremepush, got '{value}'{hint}"
    assert wrong_choice("--provider", value, ["textlocal", "xtremepush"]) == message
