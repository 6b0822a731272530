"""Clicks that a provider reported to the bridge, and that the bridge did not report to Optimove.

They are a note, and no failure, because no document requires clicks. Optimove's guide asks for "metrics" without a
list. Vendors differ: some report each click, others none. Some providers only show clicks in their own account.
Opt-outs are different: they have requirement R701.
"""

from collections.abc import Iterator

from sendproof_harness.history.records import History, Webhook
from sendproof_harness.judge.facts.acknowledgement import is_acknowledged
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE
from sendproof_harness.judge.facts.metrics import CLICKED, METRIC_NAMES
from sendproof_harness.judge.findings import Finding
from sendproof_harness.providers import provider

# Most providers' own names of the event begin with this.
_CLICK_PREFIX = "click"


def is_click(attempt: Webhook) -> bool:
    """Return True for a webhook about a click on the link of a message."""
    if attempt.service == OPTIMOVE:
        return False
    return attempt.event.startswith(_CLICK_PREFIX) or attempt.event in provider(attempt.service).click_events


def unreported_clicks(history: History, check: str) -> Iterator[Finding]:
    """Yield one note if the bridge received clicks and reported none, neither as a metric nor as an event."""
    received = sum(is_click(attempt) and is_acknowledged(attempt) for attempt in history.webhooks)
    if received and not _reports_clicks(history):
        yield Finding(
            check=check,
            level="note",
            blame="bridge",
            cause="the provider reported clicks, and the bridge reported none",
            expected="clicks among the metrics, although no document requires them",
            got=f"{received:,} reported by the provider, none by the bridge",
        )


def _reports_clicks(history: History) -> bool:
    return (
        any(item.metric == CLICKED for push in history.metrics for item in push.items)
        or any(report.event_id == CLICKED for report in history.interactions)
        or any(event.event == METRIC_NAMES[CLICKED] for event in history.engagements)
    )
