"""Messages that no recipient was due: the customers whose records explain them."""

import pytest

from history_builder import START, HistoryBuilder, build_correct_run
from sendproof_harness.history.timestamps import iso
from sendproof_harness.judge.checks.delivery import CHECKS


def stray_finding(run: HistoryBuilder, number: str, text: str = "Hi") -> tuple[str, str | None, str]:
    """Return cause, customer and explanation of a message to a number that no recipient has."""
    stray = run.delivery_to(6) | {"message": "stray", "number": number, "text": text}
    (finding,) = run.plus(stray).findings(CHECKS)
    return finding.cause.removeprefix("unexpected: "), finding.where.customer, finding.got.partition(":")[0]


def with_unusable_number(raw_number: str) -> HistoryBuilder:
    return build_correct_run().change(
        "obligation", lambda line: line | {"raw_number": raw_number} if line["number"] is None else line
    )


@pytest.mark.parametrize(
    ("raw_number", "number", "how"),
    [
        ("0207946", "440207946", ", with 44 in front"),
        ("0207946", "44207946", ", with 44 in front"),
        ("0207946", "0207946", ""),
        ("12345", "4412345", ", with 44 in front"),
        ("+44", "44", ""),
        ("0000000000", "440000000000", ", with 44 in front"),
    ],
)
def test_unusable_number_of_a_customer_is_recognised(raw_number, number, how):
    assert stray_finding(with_unusable_number(raw_number), number) == (
        f"a message to the unusable number of a customer{how}",
        "C0000002",
        f"the unusable number {raw_number} of C0000002{how}",
    )


def test_template_and_time_choose_between_customers_with_one_unusable_number():
    run = with_unusable_number("12345")
    unusable = run.obligation_of(2)
    others = [unusable | {"customer": f"C000010{index}", "template": 11 + index} for index in range(2)]
    _, customer, _ = stray_finding(run.plus(*others), "4412345", "Zoe, your bonus is here.")

    assert customer == "C0000101"


@pytest.mark.parametrize("raw_number", ["n/a", "", "12345"])
def test_other_number_is_not_explained_by_an_unusable_one(raw_number):
    cause, customer, _ = stray_finding(with_unusable_number(raw_number), "447999999999")

    assert (cause, customer) == ("a message that no recipient was due", None)


@pytest.mark.parametrize(
    ("customers", "cause"),
    [
        ((3, 6), "copies of the messages to customers, to an address of no customer"),
        ((3, 3), "a message that no recipient was due"),
    ],
)
def test_copies_of_messages_to_an_archive_are_named(correct_run, customers, cause):
    copies = [
        correct_run.delivery_to(customer) | {"message": f"copy{place}", "number": "447999999999"}
        for place, customer in enumerate(customers)
    ]
    found = {finding.cause.partition(", with")[0] for finding in correct_run.plus(*copies).findings(CHECKS)}

    assert found == {f"unexpected: {cause}"}


def test_number_that_changed_during_the_run_is_recognised(correct_run):
    change = {"customer": "C0000003", "field": "PHONENUMBER", "value": "+447999999999"}
    update = {"n": 0, "at": iso(START), "kind": "attributes", "source": "batch_file", "changes": [change]}

    assert stray_finding(correct_run.plus(update), "447999999999") == (
        "a message to a number that a customer got after the announcement",
        "C0000003",
        "a number that C0000003 got during the run",
    )


def test_customer_of_another_client_is_recognised(correct_run):
    other = {"n": 0, "at": iso(START), "kind": "other_client", "client": "beta", "templates": []}
    cause, _, got = stray_finding(correct_run.plus(other | {"numbers": ["447999999999"]}), "447999999999")

    assert (cause, got) == ("a message to a customer of another client", "the number of a customer of beta")


def test_text_of_a_campaign_is_named(correct_run):
    cause, _, _ = stray_finding(correct_run, "447999999999", "Hello Zoe, welcome.")

    assert cause == "a message that no recipient was due, with a text of campaign 7001 on channel 505"
