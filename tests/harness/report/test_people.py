"""Affected recipients in the HTML report: the few that are printed, and the links to their stories."""

import re

from history_builder import HistoryBuilder, build_correct_run
from sendproof_harness.report import html
from sendproof_harness.report.people.recipients import BRIEF_MAX, recipients
from sendproof_harness.report.people.stories import STORIES_MAX, stories


def run_of_wrong_texts(customers: int) -> HistoryBuilder:
    """Return a run in which one recipient gets nothing, and all others a wrong text."""
    run = build_correct_run(customers=customers, page=1_000)
    lost = run.delivery_to(4)["message"]
    wrong = run.change("delivery", lambda line: line | {"text": "Hello"})
    return wrong.without("delivery", lambda line: line["message"] == lost)


def test_printed_rows_have_some_of_each_result():
    rows = recipients(run_of_wrong_texts(200).history()).rows
    brief = [row.name for row in rows if row.is_brief]

    assert (len(brief), set(brief)) == (BRIEF_MAX, {"lost", "wrong text"})


def test_stories_are_those_of_examples_and_printed_rows_first():
    run = run_of_wrong_texts(200)
    people = recipients(run.history())
    told = stories(run.verdict(), run.history(), people)

    assert len(told) == STORIES_MAX
    assert {row.customer for row in people.rows if row.is_brief} <= set(told)


def test_each_link_to_a_story_has_its_target():
    run = run_of_wrong_texts(200)
    page = html.render(run.verdict(), run.history())
    links = set(re.findall(r'href="#(person-\d+)"', page))

    assert len(links) == STORIES_MAX
    assert links <= set(re.findall(r'id="([^"]+)"', page))


def test_ids_of_a_page_with_many_stories_are_unique():
    run = run_of_wrong_texts(60)
    ids = re.findall(r' id="([^"]+)"', html.render(run.verdict(), run.history()))

    assert len(ids) == len(set(ids))


def test_story_has_the_timeline_of_explain():
    run = run_of_wrong_texts(20)
    told = stories(run.verdict(), run.history(), recipients(run.history()))
    entries = [row.entry.text for day in told["C0000007"].days for row in day.entries]

    assert any(text.startswith("textlocal accepts message 0000000007") for text in entries)


def test_message_without_recipient_has_a_story_under_its_number(correct_run):
    stray = correct_run.delivery_to(4) | {"message": "stray", "number": "447999999999"}
    run = correct_run.plus(stray)

    assert "447999999999" in stories(run.verdict(), run.history(), recipients(run.history()))
