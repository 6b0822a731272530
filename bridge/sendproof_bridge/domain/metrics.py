"""The content of reports to Optimove: totals by template, and customers by event. Pure functions.

Ids of metrics and events: observed in client code (Vonage Optimove SMS bridge; PyPI optimove): 0 sent, 1 delivered,
2 opened, 3 clicked, 4 unsubscribed, 5 dropped, 9 bounced. It is not documented whether a value replaces the previous
value or is added to it. Absolute totals are assumed: only they fit the advice to report several times a day for a week.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

from sendproof_bridge.clock import DAY, MINUTE, Instant

SENT, DELIVERED, OPENED, CLICKED, UNSUBSCRIBED, DROPPED, BOUNCED = 0, 1, 2, 3, 4, 5, 9

# At regular intervals for seven days after the first send, and once soon after it.
_FIRST_REPORT = 15 * MINUTE
_DAYS_REPORTED = 7

_DELIVERED_STATES = ("delivered",)
_BOUNCED_STATES = ("undelivered", "invalid", "expired")

# Targeted = sent + dropped: each settled state counts in exactly one of these two.
STATES_COUNTED: Mapping[int, tuple[str, ...]] = {
    SENT: ("accepted", "unknown", *_DELIVERED_STATES, *_BOUNCED_STATES),
    DELIVERED: _DELIVERED_STATES,
    DROPPED: ("dropped", "rejected"),
    BOUNCED: _BOUNCED_STATES,
}

# Reactions of customers, by kind of engagement. They are only reported if there are any.
ENGAGEMENTS: Mapping[str, int] = {"opened": OPENED, "clicked": CLICKED, "unsubscribed": UNSUBSCRIBED}

# documented: these events, and not "sent": https://docs.delivyr.net/docs/optimove; their spelling is assumed
EVENT_NAMES: Mapping[int, str] = {
    DELIVERED: "delivered",
    OPENED: "opened",
    CLICKED: "clicked",
    UNSUBSCRIBED: "unsubscribed",
    DROPPED: "dropped",
    BOUNCED: "bounced",
}


def report_interval(reports_a_day: int) -> int:
    """Return the time between two reports, in milliseconds."""
    return DAY // reports_a_day


def report_times(first_sent_at: Instant, reports_a_day: int) -> list[Instant]:
    """Return the times of all reports of a campaign."""
    interval = report_interval(reports_a_day)
    regular = (first_sent_at + interval * (index + 1) for index in range(_DAYS_REPORTED * reports_a_day))
    return [first_sent_at + _FIRST_REPORT, *regular]


@cache
def new_events(state: str, reported_state: str | None) -> tuple[int, ...]:
    """Return the events to report for a message that had `reported_state` in the last report, if it was in one."""
    return tuple(event for event, states in STATES_COUNTED.items() if state in states and reported_state not in states)


def totals(counts: Iterable[tuple[int, str, int]]) -> dict[int, dict[int, int]]:
    """Return values by template and metric, from (template, state of message or kind of engagement, number)."""
    result: defaultdict[int, dict[int, int]] = defaultdict(lambda: dict.fromkeys(STATES_COUNTED, 0))
    for template, state, number in counts:
        if state in ENGAGEMENTS:
            result[template][ENGAGEMENTS[state]] = number
            continue
        for metric, states in STATES_COUNTED.items():
            result[template][metric] += number if state in states else 0
    return dict(result)


def metric_items(channel: int, campaign: int | str, values: Mapping[int, Mapping[int, int]]) -> list[dict[str, object]]:
    """Return totals as the items of UpdateCampaignMetrics."""
    return [
        {
            "ChannelID": channel,
            "CampaignID": campaign,
            "TemplateID": template,
            "MetricID": metric,
            "MetricValue": value,
        }
        for template, metrics in sorted(values.items())
        for metric, value in sorted(metrics.items())
    ]
