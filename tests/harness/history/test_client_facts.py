"""The facts about one client that the histories of the other clients show."""

from history_builder import FIRST_SEND, START, HistoryBuilder
from sendproof_harness.history.client_facts import client_facts
from sendproof_harness.history.timestamps import iso


def test_facts_name_numbers_campaigns_and_opt_outs(correct_run: HistoryBuilder) -> None:
    number = correct_run.obligation_of(3)["number"]
    opt_out = {"n": 0, "at": iso(FIRST_SEND), "real": 0.0, "kind": "opt_out", "service": "textlocal", "number": number}
    facts = client_facts("south", (91,), correct_run.plus(opt_out).history())

    assert (facts.campaigns, facts.unread, facts.opted_out) == (((7001, 505),), (), ("C0000003",))
    assert number in facts.numbers
    assert facts.sent == ((7001, 505),)


def test_facts_name_each_opt_out_once_with_its_number(correct_run: HistoryBuilder) -> None:
    """Customer 3 replied STOP, and the bridge told Optimove; customer 1 was on the list from the beginning."""
    number = correct_run.obligation_of(3)["number"]
    stop = {"n": 0, "at": iso(FIRST_SEND), "real": 0.0, "kind": "opt_out", "service": "textlocal", "number": number}
    told = {"n": 0, "at": iso(FIRST_SEND + 1), "real": 0.0, "kind": "preference", "source": "api", "channel": 505,
            "mode": 2, "opted_out": True, "customers": ["C0000003"]}  # fmt: skip

    opt_outs = client_facts("south", (), correct_run.plus(stop, told).history()).opt_outs

    assert [(opt_out["customer"], opt_out["at"]) for opt_out in opt_outs] == [
        ("C0000001", iso(START)),
        ("C0000003", iso(FIRST_SEND)),
    ]


def test_campaign_without_a_page_is_unread_if_it_was_announced(correct_run: HistoryBuilder) -> None:
    run = correct_run.without("request", lambda line: "summary" in line)

    assert client_facts("south", (), run.history()).unread == ((7001, 505),)
    assert client_facts("south", (), run.without("webhook").history()).unread == ()
