"""The clicks in the messages of each campaign, as far as a message can be assigned to one.

The messages of interchangeable obligations may belong to any of their campaigns. The number of clicks of a campaign is
therefore a range.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sendproof_harness.history.records import History
from sendproof_harness.history.timestamps import DAY
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key, unions_of_overlapping
from sendproof_harness.judge.facts.metrics import CLICKED
from sendproof_harness.judge.facts.reports.occurrences import Occurrence, occurrence_reader
from sendproof_harness.judge.findings import cached_per_history

_Clicks = tuple[Occurrence, ...]
_Count = Callable[[_Clicks], int]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _SharedMessages:
    """The clicks in each of several messages that look the same, and the campaigns of their recipients.

    A recipient may have got several of them. `surplus` are those beyond one for each, which may belong to anyone.
    """

    campaigns: tuple[CampaignKey, ...]
    clicks: tuple[_Clicks, ...]
    surplus: int

    def least(self, campaigns: Collection[CampaignKey], count: _Count) -> int:
        others = len(self.campaigns) - self._number(campaigns)
        return sum(sorted(map(count, self.clicks))[: max(0, len(self.clicks) - others - self.surplus)])

    def most(self, campaigns: Collection[CampaignKey], count: _Count) -> int:
        return sum(sorted(map(count, self.clicks), reverse=True)[: self._number(campaigns) + self.surplus])

    def _number(self, campaigns: Collection[CampaignKey]) -> int:
        return sum(campaign in campaigns for campaign in self.campaigns)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClickedMessages:
    """All clicks by campaign. `joint_campaigns` are the sets of campaigns that share messages.

    The methods state the least or the most that a sum of totals of some campaigns may be at an instant, for a bridge
    that counts customers who clicked, clicks, or the days with clicks of each customer. The least is what it knew.
    """

    own: Mapping[CampaignKey, Sequence[_Clicks]]
    shared: Mapping[CampaignKey, Sequence[_SharedMessages]]
    joint_campaigns: Sequence[frozenset[CampaignKey]]

    def most_customers(self, campaigns: Collection[CampaignKey], at: int) -> int:
        """Return how many of the recipients had clicked."""
        return self._most(campaigns, lambda clicks: any(click.at <= at for click in clicks))

    def most_clicks(self, campaigns: Collection[CampaignKey], at: int) -> int:
        """Return the number of clicks so far."""
        return self._most(campaigns, lambda clicks: sum(click.at <= at for click in clicks))

    def least_clicks(self, campaigns: Collection[CampaignKey], at: int) -> int:
        """Return the number of clicks that the bridge knew."""
        return self._least(campaigns, lambda clicks: sum(_is_known(click, at) for click in clicks))

    def most_days(self, campaigns: Collection[CampaignKey], at: int) -> int:
        """Return the number of days with clicks so far."""
        return self._most(campaigns, lambda clicks: len({click.at // DAY for click in clicks if click.at <= at}))

    def least_days(self, campaigns: Collection[CampaignKey], at: int) -> int:
        """Return the number of days with clicks that the bridge knew."""
        return self._least(campaigns, lambda clicks: len({click.at // DAY for click in clicks if _is_known(click, at)}))

    def _least(self, campaigns: Collection[CampaignKey], count: _Count) -> int:
        return self._own(campaigns, count) + sum(
            messages.least(campaigns, count) for messages in self._shared(campaigns)
        )

    def _most(self, campaigns: Collection[CampaignKey], count: _Count) -> int:
        return self._own(campaigns, count) + sum(
            messages.most(campaigns, count) for messages in self._shared(campaigns)
        )

    def _own(self, campaigns: Collection[CampaignKey], count: _Count) -> int:
        return sum(count(clicks) for campaign in campaigns for clicks in self.own.get(campaign, ()))

    def _shared(self, campaigns: Collection[CampaignKey]) -> Collection[_SharedMessages]:
        return {messages for campaign in campaigns for messages in self.shared.get(campaign, ())}


def _is_known(click: Occurrence, at: int) -> bool:
    return click.known_at is not None and click.known_at <= at


@cached_per_history
def clicked_messages(history: History) -> ClickedMessages:
    """Return the clicks in all messages."""
    groups = [group for group in ledger(history).interchangeable if len(_campaigns(group)) > 1]
    in_groups = {id(recipient) for group in groups for recipient in group}
    occurrences = occurrence_reader(history)

    def clicks_of(recipient: RecipientResult) -> _Clicks:
        return tuple(occurrences(recipient, CLICKED)) if recipient.deliveries else ()

    own: defaultdict[CampaignKey, list[_Clicks]] = defaultdict(list)
    for recipient in ledger(history).recipients if history.clicks else ():
        if id(recipient) not in in_groups and (clicks := clicks_of(recipient)):
            own[campaign_key(recipient.obligation)].append(clicks)
    shared: defaultdict[CampaignKey, list[_SharedMessages]] = defaultdict(list)
    sets: set[frozenset[CampaignKey]] = set()
    for messages in _shared(groups, clicks_of) if history.clicks else ():
        campaigns = frozenset(messages.campaigns)
        sets.add(campaigns)
        for campaign in campaigns:
            shared[campaign].append(messages)
    return ClickedMessages(own=own, shared=shared, joint_campaigns=unions_of_overlapping(sets))


def _shared(
    groups: Sequence[Sequence[RecipientResult]], clicks_of: Callable[[RecipientResult], _Clicks]
) -> Iterator[_SharedMessages]:
    for group in groups:
        messages = [replace(recipient, deliveries=(one,)) for recipient in group for one in recipient.deliveries]
        clicks = tuple(map(clicks_of, messages))
        if any(clicks):
            campaigns = tuple(campaign_key(recipient.obligation) for recipient in group)
            surplus = len(messages) - sum(bool(recipient.deliveries) for recipient in group)
            yield _SharedMessages(campaigns=campaigns, clicks=clicks, surplus=surplus)


def _campaigns(group: Sequence[RecipientResult]) -> Collection[CampaignKey]:
    return {campaign_key(recipient.obligation) for recipient in group}
