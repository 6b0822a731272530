"""Who opted out while the run went on: where, when, and from when on a bridge can know.

    STOP to a provider        all channels   known when the provider tells it, else when the bridge next asks
    attribute of a customer   all channels   known at once to the bridge that writes it
    preference for a channel  that channel   known at once to the bridge that writes it

What the client writes itself (a file of its batch) shows in the rows of later campaigns, and the obligations of those
are made from it; for a campaign whose rows were read before, a bridge cannot know, so nothing is owed and nothing held
against it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sendproof_harness.history.records import AttributeChange, Attributes, History, Obligation, OptOut, Preference
from sendproof_harness.history.timestamps import HOUR, MINUTE
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# What is on its way to a provider when the word comes cannot be stopped any more.
GRACE = 5 * MINUTE
# Nobody says how often a provider's list has to be read; whoever looks twice a day keeps this.
ASKED_WITHIN = 12 * HOUR

#: The attribute that holds the consent of a customer, and what it says of one who opted out.
CONSENT, OUT = "SMS_OPT_IN", "0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """One way in which a customer opted out, from `at` until `until`. `channel` None: of all channels.

    From `forbidden` on a bridge knows, or should; None when it cannot know.
    """

    customer: str
    at: int
    how: str
    forbidden: int | None
    channel: int | None = None
    until: int | None = None

    def concerns(self, channel: int) -> bool:
        """Whether it is about this channel."""
        return self.channel in {None, channel}

    def holds(self, at: int) -> bool:
        """Whether the customer was out at this instant."""
        return self.at <= at and (self.until is None or at < self.until)


@cached_per_history
def left(history: History) -> Mapping[str, tuple[Left, ...]]:
    """Every opt-out during the run, by customer."""
    found: defaultdict[str, list[Left]] = defaultdict(list)
    for some in (*_at_providers(history), *_by_attribute(history), *_by_preference(history)):
        found[some.customer].append(some)
    return {customer: tuple(sorted(some, key=lambda one: one.at)) for customer, some in found.items()}


def out_by(history: History, owed: Obligation, at: int) -> Left | None:
    """The opt-out that holds at an instant for the channel of what is owed, if there is one."""
    ways = left(history).get(owed.customer, ())
    return next((one for one in ways if one.concerns(owed.channel) and one.holds(at)), None)


def forbidden_at(history: History, owed: Obligation, at: int) -> Left | None:
    """The opt-out that the bridge should have known of when it sent at this instant, if there is one."""
    for one in left(history).get(owed.customer, ()):
        if one.concerns(owed.channel) and one.holds(at) and one.forbidden is not None and at > one.forbidden:
            return one
    return None


# -- at providers -----------------------------------------------------------------------------------


def _at_providers(history: History) -> Iterator[Left]:
    customers, told = _customers_of(history, {gone.number for gone in history.opt_outs}), _told(history)
    for gone in history.opt_outs:
        known = told.get((gone.service, gone.number))
        forbidden = gone.at + ASKED_WITHIN if known is None else max(known, gone.at) + GRACE
        for customer in customers.get(gone.number, ()):
            yield Left(customer=customer, at=gone.at, how=_how(gone), forbidden=forbidden)


def _how(gone: OptOut) -> str:
    return f"at {gone.service}" + (f" ({gone.source})" if gone.source else "")


def customers_of(history: History) -> Mapping[str, tuple[str, ...]]:
    """Whose the numbers are that opted out at a provider."""
    return _customers_of(history, {gone.number for gone in history.opt_outs})


def _customers_of(history: History, numbers: set[str]) -> Mapping[str, tuple[str, ...]]:
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for owed in history.obligations if numbers else ():
        if owed.number in numbers and owed.number is not None:
            found[owed.number][owed.customer] = None
    return {number: tuple(customers) for number, customers in found.items()}


def known_to_bridge(history: History, gone: OptOut) -> bool:
    """Whether the bridge was told of an opt-out at a provider, or could ask for it."""
    return provider(gone.service).lists_opt_outs or (gone.service, gone.number) in _told(history)


@cached_per_history
def _told(history: History) -> Mapping[tuple[str, str], int]:
    """When the bridge was first told that a number opted out, by provider and number."""
    if not history.opt_outs:
        return {}
    attempts = [some for some in history.webhooks if some.event in provider(some.service).opt_out_events]
    through: dict[tuple[str, str], int] = {}
    for attempt in attempts:
        if not attempt.dropped and attempt.status is not None and attempt.status // 100 == _SUCCESS:
            through.setdefault((attempt.service, attempt.key), attempt.at)
    number_of = _numbers_by_key(history, {(some.service, some.key) for some in attempts})
    found: dict[tuple[str, str], int] = {}
    for (service, key), at in through.items():
        number = number_of.get((service, key))
        if number is not None:
            found[service, number] = min(at, found.get((service, number), at))
    return found


_SUCCESS = 2


def _numbers_by_key(history: History, keys: set[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """Whose opt-out each notification tells: by its message, or, of replies, by their order."""
    wanted = {(service, key.split(":")[1]): key for service, key in keys if not key.startswith(_REPLY)}
    found = {
        (one.service, wanted[one.service, one.message]): one.number
        for one in history.deliveries
        if (one.service, one.message) in wanted
    }
    for service in {service for service, key in keys if key.startswith(_REPLY)}:
        replies = sorted((key for of, key in keys if of == service and key.startswith(_REPLY)), key=_place)
        written = [one.number for one in history.inbounds if one.service == service]
        if len(written) == len(replies):
            found |= {(service, key): number for key, number in zip(replies, written, strict=True)}
    return found


_REPLY = "inbound:"


def _place(key: str) -> tuple[int, str]:
    number = key.removeprefix(_REPLY)
    return (int(number) if number.isdecimal() else 0), number


# -- at the platform --------------------------------------------------------------------------------


def _by_attribute(history: History) -> Iterator[Left]:
    changes = ((told, change) for told in history.attributes for change in told.changes if change.field == CONSENT)
    yield from _spans(
        (change.customer, None, change.value == OUT, _attribute(told, change)) for told, change in changes
    )


def _attribute(told: Attributes, change: AttributeChange) -> Left:
    how = f"by the attribute {CONSENT}" + ("" if told.source == "api" else " in a file of the client")
    forbidden = told.at + GRACE if told.source == "api" else None
    return Left(customer=change.customer, at=told.at, how=how, forbidden=forbidden)


def _by_preference(history: History) -> Iterator[Left]:
    yield from _spans(
        (customer, told.channel, told.opted_out, _preference(told, customer))
        for told in history.preferences
        for customer in told.customers
    )


def _preference(told: Preference, customer: str) -> Left:
    how = f"by a preference for channel {told.channel}" + ("" if told.source == "api" else " in a file of the client")
    forbidden = told.at + GRACE if told.source == "api" else None
    return Left(customer=customer, at=told.at, how=how, forbidden=forbidden, channel=told.channel)


def _spans(told: Iterable[tuple[str, int | None, bool, Left]]) -> Iterator[Left]:
    """From each word that a customer is out to the next that they are in."""
    still_open: dict[tuple[str, int | None], Left] = {}
    for customer, channel, out, one in told:
        known = still_open.get((customer, channel))
        if out and known is None:
            still_open[customer, channel] = one
        elif not out and known is not None:
            yield replace(known, until=one.at)
            del still_open[customer, channel]
    yield from still_open.values()
