"""Clicks of which a provider told the bridge, and the bridge told nobody.

Worth a note, and no failure: no document demands that clicks are reported. Optimove's guide asks for "metrics" and
names none; vendors differ (some report each click, others none), and some providers show clicks in their account only.
Who opted out is another matter, and has requirement R701.
"""

from collections.abc import Iterator

from sendproof_harness.history.records import History
from sendproof_harness.judge.checks.metrics import CLICKED, METRIC_NAMES
from sendproof_harness.judge.facts.fault_effects import PLATFORM, is_through
from sendproof_harness.judge.findings import Finding

# The providers' own names of the event begin so.
_CLICK = "click"


def clicks_unreported(history: History, check: str) -> Iterator[Finding]:
    """One note, if clicks were told to the bridge and it reports none at all, by whatever way."""
    told = sum(one.service != PLATFORM and one.event.startswith(_CLICK) and is_through(one) for one in history.webhooks)
    if told and not _reports_clicks(history):
        yield Finding(
            check=check,
            level="note",
            blame="bridge",
            cause="clicks were told to the bridge, and it reported none",
            expected="clicks among the metrics, which nothing demands",
            got=f"{told:,} told by the provider, none reported",
        )


def _reports_clicks(history: History) -> bool:
    return (
        any(item.metric == CLICKED for push in history.metrics for item in push.items)
        or any(report.event_id == CLICKED for report in history.interactions)
        or any(one.event == METRIC_NAMES[CLICKED] for one in history.engagements)
    )
