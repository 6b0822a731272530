"""What a reader of an HTML mail sees."""

import pytest

from sendproof_simulators.core.messaging.mail_texts import readable
from sendproof_simulators.core.messaging.message_types import EMAIL, SMS, expected_text, whole_mail
from sendproof_simulators.services.xtremepush.personalization import render


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Hello  <b>Ann</b>,\n welcome</p>", "Hello Ann, welcome"),
        ("<p>One</p><p>Two<br>Three</p>", "One\nTwo\nThree"),
        ("Caf&eacute; &amp; bar &#8364;5&nbsp;off", "Café & bar €5 off"),
        ("<a href='https://a.example/?x=1&amp;y=2'>Buy</a> now", "Buy (https://a.example/?x=1&y=2) now"),
        ("<img src='a.png' alt='Our shop'>", "Our shop"),
        ("<head><title>T</title><style>p {color: red}</style></head><body>Text<!-- no --></body>", "Text"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("1 < 2 & 3", "1 < 2 & 3"),
        ("<title>never closed<body>Text", "Text"),
        ("", ""),
    ],
)
def test_reader_sees(html, expected):
    assert readable(html) == expected


@pytest.mark.parametrize(
    "other",
    [
        "<html><body><p>Tom &amp; Jerry</p></body></html>",
        "<p>\r\n  Tom &#38;\r\n  Jerry\r\n</p>",
        "<P CLASS=big>Tom &amp;&#32;Jerry",
    ],
)
def test_same_mail_can_be_written_in_several_ways(other):
    assert readable(other) == readable("<p>Tom & Jerry</p>")


@pytest.mark.parametrize(
    "other", ["<p>Tom & Jim</p>", "<p>Tom</p><p>& Jerry</p>", "<p><a href='/x'>Tom & Jerry</a></p>"]
)
def test_other_words_lines_and_links_make_another_mail(other):
    assert readable(other) != readable("<p>Tom & Jerry</p>")


@pytest.mark.parametrize(
    "other",
    [
        "<p>I <3 U<!-- x",
        "<p>I <3 U<!x",
        "<p>I <3 U<a href='/x",
        "<p>I <3 U</p",
        "<p>I <3<!--> U<!-- > --!>",
        "<p>I <3 <![if x]>U",
    ],
)
def test_what_browsers_leave_out_makes_no_difference(other):
    assert readable(other) == "I <3 U"


@pytest.mark.parametrize("part", ["<!", "<!--x>", "<![if x>", "<a ", "</x "])
def test_many_unfinished_tags_are_read_at_once(part):
    """Without an end, each of them would be searched to the end of the text."""
    assert readable("Hi" + part * 100_000) == "Hi"


def test_value_in_html_stands_for_itself():
    body = "News for {{NAME}}\n<p>Hello {{NAME}}</p>"
    expected = "News for <b>A&amp;B\nHello <b>A&amp;B"
    assert expected_text(EMAIL, render, body, {"NAME": "<b>A&amp;B"}) == expected


def test_value_ends_no_line():
    assert expected_text(EMAIL, render, "Hi\n<p>In {{A}}.</p><p>{{B}}</p>", {"A": "a\nb", "B": None}) == "Hi\nIn a b."


def test_spaces_around_a_value_are_one_space_each():
    assert expected_text(EMAIL, render, "Hi\n<p>Dear {{A}}, hi</p>", {"A": "  Jo  Ann "}) == "Hi\nDear Jo Ann , hi"


@pytest.mark.parametrize("written", ["a b&c/é", "a%20b%26c/%C3%A9", "a&#32;b&amp;c%2Fé", " a b&c/é\n"])
def test_link_is_the_same_with_and_without_percent_encoding(written):
    body = "Hi\n<a href='https://a.example/?x={{A}}'>Buy</a>"
    expected = expected_text(EMAIL, render, body, {"A": "a b&c/é"})
    assert whole_mail("Hi", f"<a href='https://a.example/?x={written.strip()}'>Buy</a>") == expected


def test_plus_sign_is_a_space_in_the_query_of_a_link_only():
    assert readable("<a href='/a+b?c+d'>Buy</a> a+b") == "Buy (/a+b?c d) a+b"


def test_value_can_be_in_a_link():
    body = 'Hi\n<a href="https://a.example/{{ID}}">{{ID}}</a>'
    assert expected_text(EMAIL, render, body, {"ID": "7"}) == "Hi\n7 (https://a.example/7)"


def test_text_of_other_types_is_no_html():
    assert expected_text(SMS, render, "<p>{{NAME}}</p>", {"NAME": "&amp;"}) == "<p>&amp;</p>"


def test_subject_is_one_line():
    assert whole_mail(" News  for\r\n you ", "<p>Text</p>") == "News for you\nText"
