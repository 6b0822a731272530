"""Opt-outs that may count for one of several campaigns of a channel: the sum of their totals counts each once.

Where webhooks name messages, a customer's second STOP may tell a bridge of the same opt-out, for another campaign.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sendproof_harness.history.records import History
from sendproof_harness.judge.facts.keys import CampaignKey, unions_of_overlapping
from sendproof_harness.judge.facts.reports.occurrences import recipients_by_customer
from sendproof_harness.judge.facts.reports.opt_out_messages import opt_outs_of_recipients
from sendproof_harness.judge.facts.reports.opt_out_webhooks import named_messages
from sendproof_harness.judge.findings import cached_per_history

_Campaigns = frozenset[CampaignKey]


@cached_per_history
def joint_opt_outs(history: History) -> Mapping[_Campaigns, Sequence[int]]:
    """Return the sets of campaigns that share opt-outs, with the times of all opt-outs that may count for them."""
    naming = {service for service, _ in named_messages(history)}
    found = _campaigns(history)
    shared = {
        campaigns
        for (_, place), all_campaigns in found.items()
        for campaigns in _by_channel(all_campaigns)
        if history.opt_outs[place].service not in naming
    }
    return {
        union: sorted(history.opt_outs[place].at for (_, place), own in found.items() if not own.isdisjoint(union))
        for union in unions_of_overlapping(shared)
    }


def _campaigns(history: History) -> Mapping[tuple[str, int], set[CampaignKey]]:
    """Return the campaigns for which each opt-out of a customer may count."""
    places = opt_outs_of_recipients(history)
    found: defaultdict[tuple[str, int], set[CampaignKey]] = defaultdict(set)
    for campaign, customers in recipients_by_customer(history).items() if places else ():
        for customer, recipients in customers.items():
            for recipient in recipients:
                for place in places.get(id(recipient), ()):
                    found[customer, place].add(campaign)
    return found


def _by_channel(campaigns: set[CampaignKey]) -> Iterator[_Campaigns]:
    """Yield the campaigns of each channel that has several of them."""
    of_channel: defaultdict[int, set[CampaignKey]] = defaultdict(set)
    for campaign in campaigns:
        of_channel[campaign[1]].add(campaign)
    yield from (frozenset(several) for several in of_channel.values() if len(several) > 1)
