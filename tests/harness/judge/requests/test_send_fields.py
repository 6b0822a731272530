"""The sender of a send, its declared alphabet, and the Message-ID of e-mails."""

import pytest

from history_builder import FIRST_SEND, START, HistoryBuilder
from sendproof_harness.history.timestamps import DAY, iso
from sendproof_harness.judge.checks.requests.send_fields import CHECKS


def found(
    run: HistoryBuilder, *, service: str = "textlocal", wanted: str | None = "Sendproof", **summary: object
) -> list[str]:
    """Return the causes of the findings about one send with this summary, for a client that wants this sender."""
    operation = {"textlocal": "bulk_json", "xtremepush": "execute_campaign"}[service]
    counts = {"accepted": 3} if service == "textlocal" else {"targets": 3}
    send = {"n": 900, "at": iso(START), "kind": "request", "service": service, "operation": operation,
            "method": "POST", "path": "/x", "credential": "known", "status": 200, "violations": [],
            "summary": {**counts, "sender": "Sendproof", "default_sender": "Shop"} | summary}  # fmt: skip
    scenario = {"n": 0, "at": iso(START), "kind": "scenario", "name": "Any", "file": "any"}
    wish = {} if wanted is None else {"sender": wanted}
    return [finding.cause for finding in run.plus(send, {**scenario, **wish}).findings(CHECKS)]


def test_send_with_the_clients_sender_passes(correct_run):
    assert found(correct_run) == []


def test_send_with_another_sender_fails(correct_run):
    """Recipients see who writes to them."""
    assert found(correct_run, sender="TXTLCL") == ["textlocal bulk_json: another sender than the client's"]


def test_send_without_the_clients_sender_fails(correct_run):
    """The provider then takes the default of the account."""
    cause = (
        "textlocal bulk_json: another sender than the client's: the account's default, because the client's is not used"
    )
    assert found(correct_run, sender="Shop") == [cause]


def test_client_without_a_sender_keeps_the_accounts_default(correct_run):
    assert found(correct_run, wanted="none", sender="Shop") == []
    assert found(correct_run, wanted="none") == ["textlocal bulk_json: another sender than the client's"]


def test_sender_is_not_judged_if_the_history_does_not_say_whose_it_is(correct_run):
    """The handover of a sandbox without a scenario names a sender that the history does not have."""
    assert found(correct_run, wanted=None) == []


def test_xtremepush_campaign_keeps_its_sender_or_gets_the_clients(correct_run):
    assert found(correct_run, service="xtremepush", sender="Shop") == []
    assert found(correct_run, service="xtremepush") == []
    assert found(correct_run, service="xtremepush", sender="Vendor") == [
        "xtremepush execute_campaign: another sender than the client's"
    ]


def test_refused_send_has_no_sender(correct_run):
    assert found(correct_run, accepted=0, sender="TXTLCL") == []


def test_undeclared_unicode_texts_fail(correct_run):
    assert found(correct_run, undeclared_unicode=2) == [
        "textlocal bulk_json: texts beyond the GSM alphabet are not declared as Unicode"
    ]


def test_finding_names_a_recipient_and_the_text(correct_run):
    """A call has up to 500 messages, and a line number alone helps little."""
    run = correct_run.change_delivery_to(3, request=900, text="Grüße, 😀")
    send = {"n": 900, "at": iso(START), "kind": "request", "service": "textlocal", "operation": "bulk_json",
            "method": "POST", "path": "/x", "credential": "known", "status": 200, "violations": [],
            "summary": {"accepted": 1, "sender": "Shop", "undeclared_unicode": 1}}  # fmt: skip
    (finding,) = run.plus(send).findings(CHECKS)

    assert (finding.where.customer, finding.where.request) == ("C0000003", 900)
    assert finding.got.startswith("1 such texts in a call without unicode, such as 'Grüße, 😀' to 44")


def test_different_mails_with_one_message_id_fail(correct_run):
    """Gmail shows a person only the first of two messages with one Message-ID."""
    run = correct_run.change_delivery_to(3, message_id="<7001@a.example>", text="Hello Dan.")
    run = run.change_delivery_to(4, message_id="<7001@a.example>", text="Hello Eve.")
    (finding,) = run.findings(CHECKS)

    assert finding.cause == "different e-mails have the same Message-ID"
    assert finding.got.startswith("'<7001@a.example>' in 2 e-mails, such as those to ")


def test_mail_that_is_sent_again_keeps_its_message_id(correct_run):
    """So does one message to several recipients. A relay adds a Message-ID to mails without one."""
    run = correct_run.change_delivery_to(3, message_id="<7001@a.example>", text="News.")
    run = run.change_delivery_to(4, message_id="<7001@a.example>", text="News.")

    assert run.findings(CHECKS) == []
    assert correct_run.change_delivery_to(3, message_id="", text="a").findings(CHECKS) == []


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({"message_id": "<1@a.example>"}, ["different e-mails have the same Message-ID"]),
        ({"message_id": "<2@a.example>"}, []),
        ({"message_id": ""}, []),
    ],
)
def test_mails_of_two_campaigns_with_one_text_need_message_ids_of_their_own(correct_run, second, expected):
    """A mail server takes the second one to a person for a repetition."""
    again, run = iso(FIRST_SEND + DAY), correct_run.change_delivery_to(3, message_id="<1@a.example>")
    due = run.obligation_of(3) | {"campaign": 7002, "due": again}
    sent = run.delivery_to(3) | {"n": 990, "at": again, "send_at": again, "message": "second"} | second

    assert [finding.cause for finding in run.plus(due, sent).findings(CHECKS)] == expected


def test_mail_that_is_sent_again_next_to_an_equal_one_keeps_its_message_id(correct_run):
    """Nobody can tell which of the three is the repetition. Two customers with one address may share an e-mail."""
    run = correct_run.change_delivery_to(3, message_id="<1@a.example>")
    due, sent = run.obligation_of(3), run.delivery_to(3) | {"n": 990}
    others = (sent | {"message": "again"}, sent | {"message": "other", "message_id": "<2@a.example>"})

    assert run.plus(due | {"campaign": 7002}, *others).findings(CHECKS) == []
    assert run.plus(due | {"customer": "C0000099"}, others[0]).findings(CHECKS) == []
