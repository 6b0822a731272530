"""The summary in Markdown, for the summary of a CI job."""

from history_builder import HistoryBuilder
from sendproof_harness.report import markdown


def test_summary_of_a_pass_is_short(correct_run):
    text = markdown.render(correct_run.verdict(), correct_run.history())

    assert text.startswith("## ✅ pass: s1\n\nAll 10 recipients got the right message at the right time, once.")
    assert "| ok | 10 |\n| withheld | 2 |" in text
    assert text.count("\n") < 20


def test_summary_of_a_fail_has_cause_example_and_command(correct_run):
    run = correct_run.change_delivery_to(4, text="Hello")
    text = markdown.render(run.verdict(), run.history())

    assert text.startswith("## ❌ fail: s1")
    assert "* **Wrong text\\: a text other than the due one** (delivery.text, blame\\: bridge)" not in text
    assert "(delivery.text, blame: bridge)\n  * campaign 7001, channel 505, customer C0000004" in text
    assert "| ❌ fail | Each recipient gets their own text (R403) | 10 texts |" in text
    assert "Next: sendproof explain RUN C0000004" in text


def test_texts_of_a_bridge_are_not_interpreted():
    """A mention notifies a person, and HTML or a link changes the page of the CI server."""
    text = markdown.escaped("# <b>@team</b> [x](https://evil.test) `a` | b\n![i](j)")

    assert text == (
        r"\# \<b\>\@team\</b\> \[x\](https\://evil.test) \`a\` \| b \!\[i\](j)"
    )  # fmt: skip


def test_summary_lists_a_limited_number_of_causes(correct_run: HistoryBuilder):
    run = correct_run.change("delivery", lambda line: line | {"text": "x" * 5_000})

    assert len(markdown.render(run.verdict(), run.history())) < 20_000
