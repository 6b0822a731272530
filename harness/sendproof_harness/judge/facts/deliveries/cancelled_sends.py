"""Messages of cancelled campaigns from a bridge outside virtual time.

Its send times are past on its clock, so it sends at once. When the campaign is cancelled before it is due, the messages
are out already, and the bridge did nothing wrong. If another campaign has the same text, the matching takes them for
duplicates of the other one's messages.
"""

from collections import defaultdict
from collections.abc import Sequence

from sendproof_harness.history.records import Delivery, History
from sendproof_harness.judge.facts.deliveries.cancellations import cancellations
from sendproof_harness.judge.facts.keys import campaign_key

Matched = Sequence[tuple[Delivery, ...]]


def with_cancelled_sends(history: History, matched: Matched) -> Matched:
    """Move surplus deliveries to cancelled obligations for the same number, if they went out in time for that.

    `matched` has the deliveries by position in the obligations of the history.
    """
    cancelled = cancellations(history)
    if not cancelled:
        return matched
    moved = list(matched)
    surplus: defaultdict[str | None, list[int]] = defaultdict(list)
    for position, obligation in enumerate(history.obligations):
        if len(moved[position]) > 1:
            surplus[obligation.number].append(position)
    for position, obligation in enumerate(history.obligations):
        if obligation.reason != "cancelled" or moved[position]:
            continue
        cancellation = cancelled[campaign_key(obligation)]
        for other in surplus[obligation.number]:
            first, *rest = moved[other]
            delivery = next(filter(cancellation.allows, rest), None)
            if delivery is not None:
                moved[position] = (delivery,)
                moved[other] = (first, *(extra for extra in rest if extra is not delivery))
                break
    return moved
