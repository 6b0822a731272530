"""What must be equal in two runs, one relation for each change of a scenario."""

from collections import Counter
from dataclasses import replace

from sendproof_harness.comparison.invariants.invariant import Pair, Situation
from sendproof_harness.comparison.invariants.named_texts import NamedTexts
from sendproof_harness.comparison.invariants.transformations import DAYS, other_title, second_halves
from sendproof_harness.comparison.observed import Observed, SentMessage
from sendproof_harness.comparison.reports import TOTAL, reported_number, uncounted_messages
from sendproof_harness.comparison.topic import Topic
from sendproof_harness.history.timestamps import DAY
from sendproof_harness.judge.facts.metrics import DROPPED, metric_name

# The number of calls, and so of refusals for the rate limit, is open.
_OPEN_CALLS = frozenset({"operation", "refusal"})


def everything(situation: Situation, first: Observed, second: Observed) -> Pair:
    """Compare messages, statements and calls."""
    del situation
    return Pair(expected=_judged(first), got=_judged(second))


def _judged(observed: Observed) -> Observed:
    return observed.with_values(lambda topic: None if topic.kind in _OPEN_CALLS else topic)


def present_customers(situation: Situation, first: Observed, second: Observed) -> Pair:
    """Compare messages and statements of the present customers; further ones count as dropped only."""
    del situation
    pair = Pair(expected=_judged(first), got=_judged(second).of_customers(first.customers))

    def kept(topic: Topic) -> Topic | None:
        is_dropped = topic.kind == TOTAL and topic.name == metric_name(DROPPED)
        return None if is_dropped or (topic.area == "statement" and _is_of_nobody(topic, first)) else topic

    return Pair(expected=pair.expected.with_values(kept), got=pair.got.with_values(kept))


def _is_of_nobody(topic: Topic, observed: Observed) -> bool:
    return bool(topic.customer) and topic.customer not in observed.customers


def sums_of_both(situation: Situation, first: Observed, second: Observed) -> Pair:
    """Compare messages, and the totals of a campaign with the sums of its halves."""
    whole = {half: campaign for campaign, half in second_halves(situation.scenario).items()}

    def merged(topic: Topic) -> Topic:
        return replace(topic, campaign=whole.get(topic.campaign, topic.campaign))

    got = _judged(second)
    sums = Counter[Topic]()
    for topic, value in got.values.items():
        if _is_of_campaign(topic):
            sums[merged(topic)] += reported_number(value)
    values = {merged(topic): value for topic, value in got.values.items() if not _is_of_campaign(topic)}
    totals = {topic: f"{total:,}" for topic, total in sums.items()}
    return Pair(expected=_judged(first), got=replace(got, values={**values, **totals}))


def _is_of_campaign(topic: Topic) -> bool:
    """Return True if this is the total of a campaign, and no comparison with the provider."""
    return topic.kind == TOTAL and bool(topic.campaign)


def other_titles(situation: Situation, first: Observed, second: Observed) -> Pair:
    """Compare everything, with the new title of each template."""
    del situation

    def renamed(topic: Topic) -> Topic:
        return replace(topic, template=other_title(topic.template)) if topic.template else topic

    return Pair(expected=_judged(first).with_values(renamed), got=_judged(second))


def later(situation: Situation, first: Observed, second: Observed) -> Pair:
    """Compare everything, with each message this many days later."""
    del situation

    def shifted(message: SentMessage) -> SentMessage:
        return replace(message, send_at=message.send_at + DAYS * DAY)

    return Pair(expected=_judged(first).with_messages(shifted), got=_judged(second))


def messages_alone(situation: Situation, first: Observed, second: Observed) -> Pair:
    """Compare the messages alone, to all but those who opted out at a provider, because statements are open."""
    at_provider = frozenset(
        obligation.customer for obligation in situation.history.obligations if obligation.opted_out_by == "provider"
    )
    customers = first.customers - at_provider
    expected, got = (observed.of_customers(customers) for observed in (first, second))
    return Pair(expected=replace(expected, values={}), got=replace(got, values={}))


def proportions(situation: Situation, first: Observed, second: Observed) -> Pair:
    """Compare the messages to the present customers, and how completely the reports count all messages."""
    del situation
    present = second.of_customers(first.customers)
    return Pair(
        expected=replace(first, values=uncounted_messages(first.message_count, first.values)),
        got=replace(present, values=uncounted_messages(second.message_count, second.values)),
    )


def other_names(situation: Situation, first: Observed, second: Observed) -> Pair:
    """Compare everything, with the new names in each text."""
    texts = NamedTexts(situation.scenario)

    def renamed(message: SentMessage) -> SentMessage:
        return replace(message, text=texts.with_other_names(message.text))

    return Pair(expected=_judged(first).with_messages(renamed), got=_judged(second))
