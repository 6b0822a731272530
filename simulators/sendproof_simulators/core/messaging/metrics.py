"""The names of what a bridge reports to Optimove: metrics with totals, and events with customers, by number."""

from collections.abc import Mapping

# observed: a Vonage SMS bridge knows all of these, PyPI optimove 2.0.0 the first five. 7 and 8 have no known meaning.
METRICS: Mapping[int, str] = {
    0: "sent",
    1: "delivered",
    2: "opened",
    3: "clicked",
    4: "unsubscribed",
    5: "dropped",
    6: "spam report",
    9: "bounced",
}
# observed: the interactions of a Salesforce client go up to 7, so they may differ from the metrics above 6.
INTERACTIONS: Mapping[int, str] = {
    number: name
    for number, name in METRICS.items()
    if number <= 6  # noqa: PLR2004 - see the comment above
}
