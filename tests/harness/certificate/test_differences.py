"""A mistake of the judge shows as a difference to the recount."""

from dataclasses import replace

from history_builder import build_correct_run
from sendproof_harness.certificate.differences import differences, provider_facts
from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.deliveries.ledger import Ledger, ledger
from sendproof_harness.recount.count import recount


def forgiving_ledger(history: History) -> Ledger:
    """Return the ledger of a judge that takes late messages for punctual ones."""
    judged = ledger(history)
    return replace(
        judged,
        recipients=tuple(
            replace(recipient, kind="ok") if recipient.kind == "late" else recipient for recipient in judged.recipients
        ),
    )


def test_planted_mistake_of_the_judge_is_named():
    builder = build_correct_run().change_delivery_to(3, send_at="2026-03-02T11:00:00.000Z")
    (found,) = differences(builder.history(), recount(builder.encoded(), provider_facts()), forgiving_ledger)
    assert str(found) == (
        "customer C0000003, campaign 7001 on channel 505, due 2026-03-02 09:00:00 UTC: "
        "the judge says ok (sent 2026-03-02 11:00:00 UTC), the recount says late (sent 2026-03-02 11:00:00 UTC)"
    )


def test_message_that_one_ledger_ignores_is_named():
    builder = build_correct_run()
    stranger = builder.delivery_to(3) | {"message": "m1", "number": "15550001111", "text": "Hi"}
    counted = recount(builder.encoded(), provider_facts())
    assert list(map(str, differences(builder.plus(stranger).history(), counted))) == [
        "message m1 of textlocal: the judge says unexpected, the recount says due to a recipient"
    ]


def test_two_customers_of_one_number_may_exchange_their_results():
    """Only the bridge knows which of two equal messages was for whom."""
    shared = {"number": "447100000003", "text": "Hello"}
    builder = build_correct_run().change(
        "obligation", lambda line: line | shared if line["customer"] in {"C0000003", "C0000006"} else line
    )
    one = builder.change("delivery", lambda line: line | shared if line["message"] == "0000000003" else line)
    counted = recount(one.encoded(), provider_facts())
    assert counted.counts["lost"] == 1
    assert differences(one.history(), counted) == []
