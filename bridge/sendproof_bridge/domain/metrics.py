"""What Optimove is told of a campaign: absolute totals by template, and customers by event. Pure functions.

Ids of metrics and events: observed in client code (Vonage Optimove SMS bridge; PyPI optimove): 0 sent, 1 delivered,
3 clicked, 4 unsubscribed, 5 dropped, 9 bounced. Whether a value replaces the one before or adds to it is not
documented; totals are assumed, as the advice to report several times a day for a week fits nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sendproof_bridge.clock import HOUR, MINUTE, Instant

SENT, DELIVERED, CLICKED, UNSUBSCRIBED, DROPPED, BOUNCED = 0, 1, 3, 4, 5, 9

# Every six hours for seven days after the first send, and once soon after it.
_SOON = 15 * MINUTE
EVERY = 6 * HOUR
_PUSHES = 28

_ENDED_WELL = ("delivered",)
_ENDED_BADLY = ("undelivered", "invalid", "expired")

# Targeted = sent + dropped: each state but `pending` counts in exactly one of these two.
COUNTS_AS: Mapping[int, tuple[str, ...]] = {
    SENT: ("accepted", "unknown", *_ENDED_WELL, *_ENDED_BADLY),
    DELIVERED: _ENDED_WELL,
    DROPPED: ("dropped", "rejected"),
    BOUNCED: _ENDED_BADLY,
}

# What customers did, by the kind of mark; counted only where there is any.
MARKS: Mapping[str, int] = {"clicked": CLICKED, "unsubscribed": UNSUBSCRIBED}

# documented: what there is, and that "sent" is none of it, https://docs.delivyr.net/docs/optimove; spelling assumed
EVENT_NAMES: Mapping[int, str] = {
    DELIVERED: "delivered",
    CLICKED: "clicked",
    UNSUBSCRIBED: "unsubscribed",
    DROPPED: "dropped",
    BOUNCED: "bounced",
}

# The bit of `message.reported` that says that an event was reported.
BIT: Mapping[int, int] = {SENT: 1, DELIVERED: 2, DROPPED: 4, BOUNCED: 8}


def timetable(first_sent_at: Instant) -> list[Instant]:
    """When to report."""
    return [first_sent_at + _SOON, *(first_sent_at + EVERY * (k + 1) for k in range(_PUSHES))]


def totals(counts: Iterable[tuple[int, str, int]]) -> dict[int, dict[int, int]]:
    """Values by template and metric, from (template, state of message or kind of mark, number)."""
    result: defaultdict[int, dict[int, int]] = defaultdict(lambda: dict.fromkeys(COUNTS_AS, 0))
    for template, state, number in counts:
        if state in MARKS:
            result[template][MARKS[state]] = number
            continue
        for metric, states in COUNTS_AS.items():
            result[template][metric] += number if state in states else 0
    return dict(result)


def items(channel: int, campaign: int | str, values: Mapping[int, Mapping[int, int]]) -> list[dict[str, object]]:
    """The same as the items of UpdateCampaignMetrics."""
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
