"""The entries of expected actions that did not happen, or happened at another time."""

from collections.abc import Iterator

from sendproof_harness.explain.entry import Scope, TimelineEntry, statuses_of
from sendproof_harness.history.timestamps import span
from sendproof_harness.judge.causes.losses import loss_causes


def missing_entries(scope: Scope) -> Iterator[TimelineEntry]:
    """Yield an entry for each lost, early or late message, and for each message without a delivery status."""
    for recipient in scope.recipients:
        due = recipient.obligation.due
        if recipient.kind == "lost":
            cause = loss_causes(scope.history)(recipient.obligation)[0].removeprefix("lost: ")
            text = "the message is due, but none is sent"
            yield TimelineEntry(at=due, actor="expected", text=text, detail=cause, wrong=True)
        elif recipient.kind in {"early", "late"}:
            text = f"the message is due; it goes out {span(recipient.offset or 0)} {recipient.kind}"
            yield TimelineEntry(at=due, actor="expected", text=text, wrong=True)
        elif recipient.deliveries and not statuses_of(scope.history, recipient.deliveries):
            text = "the history ends before the provider reports a delivery status"
            yield TimelineEntry(at=scope.history.header.ended, actor="expected", text=text)
