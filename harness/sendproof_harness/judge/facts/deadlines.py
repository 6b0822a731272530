"""Until when a message is in time. Without faults: so long after it was due. What a fault held up may be later.

A fault gives the bridge more time only if it struck something this message depended on while the message was still in
time, and only from then on: whoever was late already is not excused.

    due ──── in time ────┐ fault ──── in time again ────┐
                         └ struck before this            └ late from here on
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from sendproof_harness.history.records import History, Obligation
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND
from sendproof_harness.judge.facts.delivery_matching import LATE_AFTER
from sendproof_harness.judge.facts.fault_effects import (
    KILL,
    PLATFORM,
    Disturbance,
    first_heard,
    is_sending,
    may_have_failed,
    struck,
)
from sendproof_harness.judge.findings import cached_per_history

# A trigger answers what a customer has just done. Optimove tells it within 100 ms (documented), so nearly all of the
# wait is the bridge's; a minute is six whole windows of the rate limit, should attributes have to be asked for.
TRIGGER_LATE_AFTER = 1 * MINUTE
# documented: 50 requests in 10 seconds for each key; so a burst of look-ups takes this long for each.
_LOOK_UP = 10 * SECOND // 50

# Whoever waits longer after each failure comes back, at the latest, when the trouble has lasted twice as long; beyond
# this a careful bridge still asks now and then.
_LONGEST_WAIT = 1 * HOUR
# What was sent may stand in a provider's record only minutes later (some count a task first), so a bridge that
# lost a reply waits before it believes that nothing was sent.
_RECORD_LAGS = 15 * MINUTE

#: The call that reads the rows of a campaign.
PAGES = "GetCustomerSendDetailsByChannel"
# Nothing that is sent waits for these, unless the key itself is held up.
_REPORTING = frozenset(
    {
        "UpdateCampaignMetrics",
        "UpdateCampaignInteractions",
        "SetCustomerChannelPreference",
        "UpdateCustomerAttributes",
        "AddChannelTemplates",
        "DeleteChannelTemplates",
    }
)
_STATUSES_OF_KEYS = frozenset({401, 403, 429})
_KEY_FAULTS = frozenset({"rate_limited", "unauthorized", KILL})

_ANNOUNCING = ("13", "1")
_TRIGGER = "11"

CampaignKey = tuple[int, int]
Latest = Callable[[Obligation], int]


@cached_per_history
def latest(history: History) -> Latest:
    """A function that gives the last instant at which what is owed may go out and is still in time."""
    known: dict[tuple[object, ...], int] = {}
    bounds = _bounds(history)

    def of(owed: Obligation) -> int:
        key: tuple[object, ...] = (owed.campaign, owed.channel, owed.due)
        if owed.trigger is not None:
            key = (*key, owed.trigger, owed.customer)
        found = known.get(key)
        if found is None:
            found = known[key] = bounds.latest(owed)
        return found

    return of


def heard(history: History) -> Callable[[Obligation], int | None]:
    """A function that tells when the bridge first heard of what is owed; None when a fault kept that from it for good.

    Where no notification was even tried, it is as if it had heard at once: that nobody listens is found elsewhere.
    """
    return _bounds(history).heard


def event_keys(history: History) -> Callable[[Obligation], Sequence[str]]:
    """A function that gives the keys of the events by which the bridge heard of what is owed."""
    return _bounds(history).keys


def hindrances(history: History) -> Callable[[Obligation], Sequence[Disturbance]]:
    """A function that gives the strikes that may have held up what is owed, while it was still in time."""
    bounds, until = _bounds(history), latest(history)
    return lambda owed: [some for some in bounds.strikes(owed.campaign, owed.channel) if some.at <= until(owed)]


@cached_per_history
def _bounds(history: History) -> "_Bounds":
    return _Bounds(history)


class _Bounds:
    """What a history says about when things could be done."""

    def __init__(self, history: History) -> None:
        self._heard = first_heard(history)
        self._struck = struck(history)
        self._provider = {channel.id: channel.provider for channel in history.header.channels}
        self._burst = _burst(history)
        self._ordinal = _ordinals(history)
        self._held_up: dict[CampaignKey, Sequence[Disturbance]] = {}

    def heard(self, owed: Obligation) -> int | None:
        keys = self.keys(owed)
        return self._heard.get(keys[0], owed.at) if keys else owed.at

    def latest(self, owed: Obligation) -> int:
        after = LATE_AFTER if owed.trigger is None else TRIGGER_LATE_AFTER
        begun = max(owed.due, self.heard(owed) or owed.due)
        if owed.trigger is not None:
            begun = max(begun, self._burst.get((owed.channel, owed.due), begun))
        return _extended(begun, after, self.strikes(owed.campaign, owed.channel))

    def keys(self, owed: Obligation) -> list[str]:
        if owed.trigger is not None:
            ordinal = self._ordinal.get((owed.trigger, owed.customer, owed.due), 1)
            return [f"{_TRIGGER}:{owed.trigger}:{owed.customer}:{ordinal}"]
        keys = [f"{event}:{owed.campaign}:{owed.channel}" for event in _ANNOUNCING]
        return [key for key in keys if key in self._heard]

    def strikes(self, campaign: int, channel: int) -> Sequence[Disturbance]:
        key = campaign, channel
        if key not in self._held_up:
            provider = self._provider.get(channel)
            self._held_up[key] = [some for some in self._struck if _holds_up(some, provider, key)]
        return self._held_up[key]


def _holds_up(some: Disturbance, provider: str | None, key: CampaignKey) -> bool:
    """Whether a message of this campaign may have had to wait for this."""
    strike = some.strike
    if strike.fault == KILL:
        return True
    if strike.target == "webhook":
        return False
    return strike.service == provider or (strike.service == PLATFORM and _holds_up_rows(some, key))


def _holds_up_rows(some: Disturbance, key: CampaignKey) -> bool:
    """Whether what Optimove tells of this campaign's customers may have had to wait for this."""
    strike, call = some.strike, some.call
    if strike.fault in _KEY_FAULTS or (call is not None and call.status in _STATUSES_OF_KEYS):
        return True
    if strike.name == PAGES and call is not None and call.summary:
        return (call.summary.get("campaign"), call.summary.get("channel")) == key
    return strike.name not in _REPORTING


def _extended(begun: int, after: int, strikes: Iterable[Disturbance]) -> int:
    """The end of the chain of strikes that each fall into the time that those before left."""
    end, first, reach = begun + after, 0, -1
    for some in strikes:
        if some.at > end:
            break
        first = first if some.at <= reach else some.at
        reach = some.until + LATE_AFTER + min(_LONGEST_WAIT, some.until - first) + _record_lag(some)
        end = max(end, reach)
    return end


def _record_lag(some: Disturbance) -> int:
    """After a send whose reply was lost, by a fault or by the end of the bridge, the record has to be asked."""
    call = some.call
    unseen = call is not None and is_sending(call) and may_have_failed(call)
    return _RECORD_LAGS if unseen or some.strike.fault == KILL else 0


def _ordinals(history: History) -> Mapping[tuple[str, str, int], int]:
    """The how manieth time it was that a customer met a trigger, by when that was."""
    count: defaultdict[tuple[str, str], int] = defaultdict(int)
    found: dict[tuple[str, str, int], int] = {}
    for met in history.triggers:
        count[met.trigger, met.customer] += 1
        found[met.trigger, met.customer, met.at] = count[met.trigger, met.customer]
    return found


def _burst(history: History) -> Mapping[tuple[int, int], int]:
    """For triggers that came faster than the rate limit lets a bridge look things up: when its turn is."""
    through: dict[int, int] = {}
    found: dict[tuple[int, int], int] = {}
    for met in history.triggers:
        begun = found[met.channel, met.at] = max(through.get(met.channel, met.at), met.at)
        through[met.channel] = begun + _LOOK_UP
    return found
