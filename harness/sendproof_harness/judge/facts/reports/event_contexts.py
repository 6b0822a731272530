"""The context of an event of saveEvent: the campaign, channel and template that it names, if it names them."""

from collections import defaultdict
from collections.abc import Callable, Mapping

from sendproof_harness.history.records import Engagement, History
from sendproof_harness.judge.facts.keys import TemplateKey, template_key
from sendproof_harness.judge.facts.metrics import METRIC_NAMES, UNSUBSCRIBED

#: The ids in a context, in the order of a template's key.
CONTEXT_NAMES = ("campaign", "channel", "template")
_CHANNEL = CONTEXT_NAMES.index("channel")
# The spellings of the ids, without underscores; the real content of a context is not known.
_CONTEXT_IDS: Mapping[str, int] = {"campaignid": 0, "channelid": 1, "templateid": 2}


def context_ids(event: Engagement) -> Mapping[int, str]:
    """Return the ids in the context of an event by their position in a template's key."""
    spelled = {name.lower().replace("_", ""): value for name, value in event.context.items()}
    return {
        position: str(spelled[name])
        for name, position in _CONTEXT_IDS.items()
        if isinstance(spelled.get(name), str | int)
    }


def is_about_channels(history: History) -> Callable[[Engagement, frozenset[int]], bool]:
    """Return a function that is true if an event can only be about messages of some channels.

    If the context names no channel, it is one of the channels on which the customer is in a campaign.
    """
    of_customer: defaultdict[str, set[TemplateKey]] = defaultdict(set)
    for obligation in history.obligations:
        of_customer[obligation.customer].add(template_key(obligation))
    all_keys = set().union(*of_customer.values())

    def is_about(event: Engagement, channels: frozenset[int]) -> bool:
        ids = context_ids(event)
        if _CHANNEL in ids:
            return ids[_CHANNEL] in map(str, channels)
        # A customer opts out from every channel.
        is_of_one = event.customer is not None and event.event != METRIC_NAMES[UNSUBSCRIBED]
        keys = of_customer.get(event.customer or "", set()) if is_of_one else all_keys
        possible = {key[_CHANNEL] for key in keys if all(str(key[place]) == id_ for place, id_ in ids.items())}
        return bool(possible) and channels.issuperset(possible)

    return is_about
