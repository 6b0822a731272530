"""What a history of a running sandbox cannot show yet: it is neither right nor wrong."""

from collections.abc import Iterator
from dataclasses import dataclass

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import spoken
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.facts.deliveries.deadlines import deadlines
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.metrics import reporting_periods


@dataclass(frozen=True, kw_only=True, slots=True)
class OutstandingWork:
    """Something that may still come, in words, and the instant until which it may; None if that is not known."""

    what: str
    until: int | None


def outstanding(history: History) -> Iterator[OutstandingWork]:
    """Yield what may still come in a running sandbox."""
    ended, deadline = history.header.ended, deadlines(history)
    planned = sorted(campaign for running in history.running for campaign in running.planned)
    if planned:
        yield OutstandingWork(what=f"announcement of {counted(len(planned), 'campaigns')}: {planned[0]}", until=None)
    pending = [deadline(r.obligation) for r in ledger(history).recipients if r.kind == "pending"]
    if pending:
        yield OutstandingWork(what=f"messages to {counted(len(pending), 'recipients')}", until=max(pending))
    retries = [attempt.retry_at for attempt in history.webhooks if attempt.retry_at is not None]
    late_retries = [at for at in retries if at > ended]
    if late_retries:
        yield OutstandingWork(what=f"{counted(len(late_retries), 'retries')} of webhooks", until=max(late_retries))
    for (campaign, channel), (_, end) in sorted(reporting_periods(history).items()):
        if end > ended:
            yield OutstandingWork(what=f"reports of campaign {campaign} on channel {channel}", until=end)


def outstanding_text(found: OutstandingWork) -> str:
    """Return the text for a finding."""
    return found.what if found.until is None else f"{found.what}, until {spoken(found.until)}"
