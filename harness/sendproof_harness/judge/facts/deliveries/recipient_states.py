"""The possible states of each customer of a campaign, and the reports that fit them.

A state is the provider's final delivery status, `accepted` without one, `refused`, `indefinite`, or `nothing`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from sendproof_harness.history.records import History, Interactions
from sendproof_harness.judge.facts.deliveries.ledger import RecipientResult, ledger, reported_kind
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.metrics import BOUNCED, DELIVERED, DROPPED, SENT
from sendproof_harness.judge.facts.pages import CONTROL_GROUP
from sendproof_harness.judge.facts.provider_totals import METRIC_OF_STATUS, withdrawn_statuses

# A refused recipient counts as dropped, or as sent and bounced; an indefinite one as anything.
_OPTIONAL_STATES = frozenset({"refused", "indefinite"})

#: For each metric, the states that it may report.
STATE_TESTS: Mapping[int, Callable[[str], bool]] = {
    SENT: lambda state: state != "nothing",
    DELIVERED: lambda state: state == "delivered",
    BOUNCED: lambda state: METRIC_OF_STATUS.get(state) == BOUNCED or state == "refused",
    DROPPED: lambda state: state == "nothing" or state in _OPTIONAL_STATES,
}

_States = frozenset[str]


def possible_states(history: History) -> Mapping[CampaignKey, Mapping[str, _States]]:
    """Return the possible states of each customer, by campaign.

    A message has several if the provider replaced its status, or if the recipients are interchangeable.
    """
    withdrawn, final = withdrawn_statuses(history), _final_statuses(history)
    states: defaultdict[CampaignKey, dict[str, _States]] = defaultdict(dict)
    for recipient in ledger(history).recipients:
        if recipient.obligation.reason == CONTROL_GROUP and not recipient.deliveries:
            # No recipient of the campaign, and so not dropped either.
            continue
        _add_states(states, recipient, _single_state(_state(history, recipient, final)))
        for delivery in recipient.deliveries:
            for status in withdrawn.get(delivery.message, ()):
                _add_states(states, recipient, _single_state(status.status))
    for group in ledger(history).interchangeable:
        group_states = frozenset(_group_states(group, final))
        for recipient in group:
            _add_states(states, recipient, group_states)
    return states


def _final_statuses(history: History) -> Mapping[str, str]:
    return {status.message: status.status for status in history.delivery_statuses}


def _add_states(states: Mapping[CampaignKey, dict[str, _States]], recipient: RecipientResult, more: _States) -> None:
    of_campaign, customer = states[campaign_key(recipient.obligation)], recipient.obligation.customer
    known = of_campaign.get(customer)
    of_campaign[customer] = more if known is None else known | more


# There are few states and many customers, who can share the sets.
@lru_cache(maxsize=64)
def _single_state(state: str) -> _States:
    return frozenset({state})


def _state(history: History, recipient: RecipientResult, final: Mapping[str, str]) -> str:
    if not recipient.deliveries and (kind := reported_kind(history, recipient)) in _OPTIONAL_STATES:
        return kind
    states = [final.get(delivery.message, "accepted") for delivery in recipient.deliveries]
    return "delivered" if "delivered" in states else (states or ["nothing"])[0]


def _group_states(group: Sequence[RecipientResult], final: Mapping[str, str]) -> list[str]:
    """Return one state for each message, and one for each obligation without a message."""
    states = [final.get(delivery.message, "accepted") for recipient in group for delivery in recipient.deliveries]
    return states + ["nothing"] * (len(group) - len(states))


class GroupQuotas:
    """How often each metric may be reported for the customers of an interchangeable group.

    Customers with several messages of one campaign are left out, because a report does not say which one it means.
    """

    def __init__(self, history: History) -> None:
        final = _final_statuses(history)
        groups = ledger(history).interchangeable
        states = (_group_states(group, final) for group in groups)
        self._quotas = [
            Counter({metric: sum(map(fits, of_group)) for metric, fits in STATE_TESTS.items()}) for of_group in states
        ]
        self._group = {
            _customer_key(recipient): position for position, group in enumerate(groups) for recipient in group
        }
        self._reported: set[tuple[int, int, int, str]] = set()
        known = Counter(
            key for recipient in ledger(history).recipients if (key := _customer_key(recipient)) in self._group
        )
        for key in [key for key, count in known.items() if count > 1]:
            del self._group[key]

    def take(self, report: Interactions, customer: str) -> bool:
        """Return True if the report is within the quota, and count it; a repeated report does not count again."""
        group = self._group.get((report.campaign, report.channel, customer))
        statement = report.event_id, report.campaign, report.channel, customer
        if group is None or statement in self._reported:
            return True
        self._reported.add(statement)
        self._quotas[group][report.event_id] -= 1
        return self._quotas[group][report.event_id] >= 0


def _customer_key(recipient: RecipientResult) -> tuple[int, int, str]:
    return *campaign_key(recipient.obligation), recipient.obligation.customer
