"""Messages that had the text of an earlier message to the same customer, because their values were out of date."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_harness.history.records import Delivery, History, Obligation
from sendproof_harness.judge.facts.deliveries.deadlines import deadlines
from sendproof_harness.judge.facts.deliveries.ledger import ledger
from sendproof_harness.judge.facts.deliveries.matching import EARLY_TOLERANCE
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.observation import times_are_meaningful
from sendproof_harness.judge.findings import cached_per_history

#: What the findings about both messages have in common.
OLD_TEXT = "a later message had the old text of an earlier one, as if the customer's values were kept"


@dataclass(frozen=True, kw_only=True)
class OutdatedMessages:
    """The delivery that went out in place of each lost message, and the messages that it repeats, by `id`."""

    in_place: Mapping[int, Delivery]
    repeated: frozenset[int]


@cached_per_history
def outdated(history: History) -> OutdatedMessages:
    """Match lost messages with repetitions of an earlier message of their campaign that went out at their time."""
    in_place: dict[int, Delivery] = {}
    repeated: set[int] = set()
    again = _repetitions(history) if times_are_meaningful(history) else {}
    for recipient in ledger(history).recipients if again else ():
        obligation = recipient.obligation
        if recipient.kind != "lost":
            continue
        start, end = obligation.due - EARLY_TOLERANCE, deadlines(history)(obligation)
        for earlier, delivery in again.get((obligation.customer, campaign_key(obligation)), ()):
            if earlier.due < obligation.due and start <= delivery.send_at <= end:
                in_place[id(obligation)] = delivery
                repeated.add(id(earlier))
    return OutdatedMessages(in_place=in_place, repeated=frozenset(repeated))


def _repetitions(history: History) -> Mapping[tuple[str, CampaignKey], list[tuple[Obligation, Delivery]]]:
    """Return the repeated messages, each with a delivery after the first, by customer and campaign."""
    found: defaultdict[tuple[str, CampaignKey], list[tuple[Obligation, Delivery]]] = defaultdict(list)
    for recipient in ledger(history).recipients:
        obligation = recipient.obligation
        if recipient.kind == "duplicated":
            key = obligation.customer, campaign_key(obligation)
            found[key] += [(obligation, delivery) for delivery in recipient.deliveries[1:]]
    return found
