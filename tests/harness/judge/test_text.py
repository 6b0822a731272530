"""Wrong texts, and their diagnosis."""

import re

import pytest

from history_builder import Line
from sendproof_harness.judge.checks.text import CHECKS
from sendproof_harness.judge.facts.deliveries.ledger import ledger

DUE_TEXT = "Hello Dan3, welcome."


def test_due_texts_pass(correct_run):
    assert correct_run.findings(CHECKS) == []


@pytest.mark.parametrize(
    ("got", "diagnosis"),
    [
        ("", "the text is empty"),
        ("Hello %%|FIRST_NAME%%, welcome.", "a placeholder was not filled in"),
        ("Hello {{ FIRST_NAME }}, welcome.", "a placeholder was not filled in"),
        ("Dan3, your bonus is here.", "made from another template of the campaign, 'Bonus'"),
        ("Hello Dan3, wel", "the end was cut off"),
        ("Hello+Dan3%2C+welcome.", "encoded once too often"),
        ("Hello  Dan3, welcome. ", "whitespace differs"),
        ("Hello Ben1, welcome.", "a text other than the due one"),
    ],
)
def test_wrong_text_is_one_finding_with_diagnosis(correct_run, got, diagnosis):
    run = correct_run.change_delivery_to(3, text=got)

    (finding,) = run.findings(CHECKS)

    assert (finding.cause, finding.expected, finding.got) == (f"wrong text: {diagnosis}", DUE_TEXT, got)
    assert ledger(run.history()).counts["wrong text"] == 1


def test_damaged_non_ascii_letters_are_recognised(correct_run):
    run = correct_run.change_delivery_to(
        8, text="We miss you, Cl\N{LATIN CAPITAL LETTER A WITH TILDE}\N{COPYRIGHT SIGN}o8!"
    )

    assert [finding.cause for finding in run.findings(CHECKS)] == ["wrong text: non-ASCII characters were damaged"]


def test_one_template_for_all_recipients_is_recognised(correct_run):
    names = {line["number"]: line["text"] for line in correct_run.lines_of("obligation")}

    def first_template(line: Line) -> Line:
        name = re.search(r"[A-Z][a-zé]+[0-9]+", names[line["number"]])[0]
        return line | {"text": f"Hello {name}, welcome."}

    findings = correct_run.change("delivery", first_template).findings(CHECKS)
    assert [finding.cause for finding in findings] == [
        "wrong text: one template for all: every recipient got 'Welcome' instead of their own"
    ] * 6
