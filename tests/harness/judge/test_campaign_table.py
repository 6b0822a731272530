"""The campaigns of a run, each with what was due and what arrived."""

from sendproof_harness.judge.campaign_table import campaign_table


def test_message_that_the_provider_refuses_from_any_bridge_is_not_due(correct_run):
    """Otherwise the report of a right campaign says that some of its due messages are missing."""
    sent = correct_run.delivery_to(3)
    fields = {"service": "textlocal", "number": sent["number"], "text": sent["text"], "code": 51, "reason": "invalid"}
    rejection = {"n": 6_000, "at": sent["at"], "real": 0.0, "kind": "rejection", **fields}
    run = correct_run.without("delivery", lambda line: line["number"] == sent["number"]).plus(rejection)

    (row,) = campaign_table(run.history())

    assert (row.message, row.owed, row.counts) == ("sms", 9, {"ok": 9, "withheld": 2, "refused": 1})
