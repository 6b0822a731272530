"""Opt-outs of customer 3: one that a provider reports, and another one at a second provider."""

from history_builder import FIRST_SEND, HistoryBuilder, Line
from sendproof_harness.history.timestamps import MINUTE, iso


def stop_lines(run: HistoryBuilder) -> list[Line]:
    """Return a STOP of customer 3, which the provider reports to the bridge."""
    number = run.obligation_of(3)["number"]
    head = {"n": 991, "at": iso(FIRST_SEND + 30 * MINUTE), "real": 0.0, "service": "textlocal"}
    webhook = {"kind": "webhook", "event": "inbound", "key": "inbound:1", "attempt": 1, "status": 200,
               "url": "http://127.0.0.1:9000/x", "error": None}  # fmt: skip
    return [
        head | {"kind": "inbound", "number": number, "text": "STOP"},
        head | {"kind": "opt_out", "number": number, "source": "reply", "n": 992},
        head | webhook | {"n": 993},
    ]


def on_second_channel(run: HistoryBuilder) -> HistoryBuilder:
    """Add a campaign on a channel of Xtremepush: a message to customer 3, and a STOP there."""
    head = {"service": "xtremepush", "at": iso(FIRST_SEND + 30 * MINUTE)}
    webhook = stop_lines(run)[-1] | {"event": "message_unsubscribe", "key": "message_unsubscribe:77", "n": 995}
    due = run.obligation_of(3) | {"campaign": 7006, "channel": 506, "template": 21, "text": "Hello"}
    channel = run.lines[0]["channels"][0] | {"id": 506, "provider": "xtremepush"}
    header = run.lines[0] | {"channels": [*run.lines[0]["channels"], channel]}
    return HistoryBuilder((header, *run.lines[1:])).plus(
        due,
        run.delivery_to(3) | {"service": "xtremepush", "message": "77", "text": "Hello", "n": 994},
        stop_lines(run)[1] | head | {"n": 996},
        webhook | head,
    )
