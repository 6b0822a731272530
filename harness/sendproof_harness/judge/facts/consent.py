"""The opt-outs during a run: their channels, their times, and when a bridge can know about them.

    STOP to a provider        all channels   known once the provider reports it, or else at the next poll of its list
    attribute of a customer   all channels   known at once to the bridge that writes it
    preference for a channel  that channel   known at once to the bridge that writes it

A bridge outside virtual time knows later: it needs time to react that it could see pass, and its polls by its own clock
cannot be observed.

Opt-outs that the client writes itself (a batch file) are in the rows of later campaigns, and therefore in their
obligations. For a campaign with rows that were read before, a bridge cannot know them. Such a customer is due nothing,
and a message to them is not a failure.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sendproof_harness.history.customer_records import OptOut
from sendproof_harness.history.parts import SMS, AttributeChange
from sendproof_harness.history.records import Attributes, Delivery, History, Obligation, Preference
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.deliveries.message_types import channels_of_type, has_list, type_of_change
from sendproof_harness.judge.facts.deliveries.withdrawals import latest_withdrawal
from sendproof_harness.judge.facts.observation import reaction_time, times_are_meaningful
from sendproof_harness.judge.facts.reports.opt_out_lists import GRACE, has_reacted_at, polled_at
from sendproof_harness.judge.facts.reports.opt_out_webhooks import first_reports, reported_numbers
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

#: The values of the attribute with the consent after an opt-out and an opt-in.
OPTED_OUT_VALUE, OPTED_IN_VALUE = "0", "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class OptOutPeriod:
    """One opt-out of a customer, from `at` until `until`. `channel` None means all channels.

    `channels` are those with the type of messages from which the customer opted out; None if the run has one type only.

    From `known_at` on, the bridge knows or should know about it; None if it cannot know. From `over_known_at` on, it
    should also know that the customer opted in again; None if it cannot know, or if that has not happened.

    `number` is the one that opted out at a provider, which may know the customer by it alone.
    """

    customer: str
    at: int
    source: str
    known_at: int | None
    channel: int | None = None
    until: int | None = None
    over_known_at: int | None = None
    channels: frozenset[int] | None = None
    number: str | None = None

    def applies_to(self, channel: int) -> bool:
        """Return True if the opt-out includes this channel."""
        return self.channel in {None, channel} and (self.channels is None or channel in self.channels)

    def includes(self, at: int) -> bool:
        """Return True if the customer was opted out at this instant."""
        return self.at <= at and (self.until is None or at < self.until)

    def may_include(self, at: int) -> bool:
        """Return True if the bridge may believe at this instant that the customer is opted out."""
        return self.at <= at and (self.over_known_at is None or at < self.over_known_at)


@cached_per_history
def opt_outs(history: History) -> Mapping[str, tuple[OptOutPeriod, ...]]:
    """Return every opt-out during the run, by customer, in order of time."""
    found: defaultdict[str, list[OptOutPeriod]] = defaultdict(list)
    at_providers = tuple(_at_providers(history))
    for period in (*at_providers, *_by_bridge(history, at_providers)):
        found[period.customer].append(period)
    return {customer: tuple(sorted(periods, key=lambda period: period.at)) for customer, periods in found.items()}


def opted_out_by(history: History, obligation: Obligation, at: int) -> OptOutPeriod | None:
    """Return the opt-out for which the bridge may withhold the obligation's message at an instant, if there is one."""
    periods = opt_outs(history).get(obligation.customer, ())
    return next(
        (period for period in periods if period.applies_to(obligation.channel) and period.may_include(at)),
        None,
    )


def is_opted_out_in_record(obligation: Obligation) -> bool:
    """Return True if the customer opted out by their record at Optimove, even if nothing was due for another reason."""
    return obligation.opted_out_by is not None or obligation.reason == "opted_out"


def ended_opt_out(history: History, obligation: Obligation) -> OptOutPeriod | None:
    """Return an opt-out that had ended when the message was due, if there is one."""
    periods = opt_outs(history).get(obligation.customer, ())
    own = (period for period in periods if period.applies_to(obligation.channel))
    return next((period for period in own if period.until is not None and period.until <= obligation.due), None)


def has_opted_out(history: History, obligation: Obligation) -> bool:
    """Return True if the customer was opted out when the message was due."""
    return obligation.opted_out_by is not None or opted_out_by(history, obligation, obligation.due) is not None


def violated_opt_out(history: History, obligation: Obligation, sent_at: int) -> OptOutPeriod | None:
    """Return the opt-out that the bridge should have known about at an instant, if there is one.

    The message to a new number of the customer is right: a provider may know the opt-out by the old number only.
    """
    return _violated(history, obligation, sent_at, lambda period: period.known_at)


def violated_by(history: History, obligation: Obligation, delivery: Delivery) -> OptOutPeriod | None:
    """Return the opt-out that a message violates, if there is one.

    A message that waits at the provider must be withdrawn there, and may go out as long as faults delay that.
    """
    return _violated(history, obligation, delivery.send_at, lambda period: _latest(history, period, delivery))


def _violated(
    history: History, obligation: Obligation, sent_at: int, latest: Callable[[OptOutPeriod], int | None]
) -> OptOutPeriod | None:
    for period in opt_outs(history).get(obligation.customer, ()):
        if not period.applies_to(obligation.channel) or not period.includes(sent_at):
            continue
        known_at, is_of_number = latest(period), period.number in {None, obligation.number}
        if known_at is not None and sent_at > known_at and is_of_number:
            return period
    return None


def _latest(history: History, period: OptOutPeriod, delivery: Delivery) -> int | None:
    """Return when a message may go out for the last time; None if the bridge cannot know of the opt-out."""
    known_at = period.known_at
    if known_at is None or delivery.at > known_at:
        return known_at
    return latest_withdrawal(history, delivery.service, period.at, known_at, reaction_time(history, GRACE))


# -- at providers -----------------------------------------------------------------------------------


def _at_providers(history: History) -> Iterator[OptOutPeriod]:
    customers, opt_ins = customers_of_opt_outs(history), _opt_in_times(history)
    is_timed = times_are_meaningful(history)
    for opt_out, reported_at in zip(history.opt_outs, first_reports(history), strict=True):
        is_polled = is_timed and _is_listed(opt_out)
        listed_at = polled_at(history, opt_out.service, opt_out.at) if is_polled else None
        known_at = listed_at if reported_at is None else has_reacted_at(history, reported_at)
        opted_in = opt_ins.get((opt_out.service, opt_out.number, opt_out.message_type), ())
        until = next((at for at in opted_in if at > opt_out.at), None)
        for customer in customers.get(opt_out.number, ()):
            yield OptOutPeriod(
                customer=customer,
                at=opt_out.at,
                source=_provider_source(opt_out),
                known_at=known_at,
                until=until,
                over_known_at=polled_at(history, opt_out.service, until) if until is not None and is_polled else None,
                channels=channels_of_type(history, opt_out.message_type),
                number=opt_out.number,
            )


def _opt_in_times(history: History) -> Mapping[tuple[str, str, str], list[int]]:
    """Return when each number opted in again, by provider, number and type of messages, in order of time."""
    times: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for opt_in in history.opt_ins:
        times[opt_in.service, opt_in.number, opt_in.message_type].append(opt_in.at)
    return times


def _provider_source(opt_out: OptOut) -> str:
    return f"at {opt_out.service}" + (f" ({opt_out.source})" if opt_out.source else "")


@cached_per_history
def owners_of_opt_outs(history: History) -> Mapping[str, Mapping[str, int]]:
    """Return the customers of each number that opted out at a provider, with the first announcement to each of them."""
    numbers = {opt_out.number for opt_out in history.opt_outs}
    owners: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for obligation in history.obligations if numbers else ():
        if obligation.number in numbers and obligation.number is not None:
            of_number = owners[obligation.number]
            of_number[obligation.customer] = min(obligation.at, of_number.get(obligation.customer, obligation.at))
    return owners


def customers_of_opt_outs(history: History) -> Mapping[str, Collection[str]]:
    """Return the customers of each number that opted out at a provider."""
    return owners_of_opt_outs(history)


@cached_per_history
def customers_of_scans(history: History) -> frozenset[str]:
    """Return the customers of messages whose URL of an unsubscription a scanner opened with success."""
    scanned = {(scan.service, scan.message) for scan in history.link_scans if is_success(scan.status)}
    numbers = {delivery.number for delivery in history.deliveries if (delivery.service, delivery.message) in scanned}
    return frozenset(obligation.customer for obligation in history.obligations if obligation.number in numbers)


def any_is_reported_or_listed(history: History) -> bool:
    """Return True if a bridge could know of an opt-out: it is in a list, or a webhook was to report it."""
    if any(map(_is_listed, history.opt_outs)):
        return True
    numbers = {(opt_out.service, opt_out.number) for opt_out in history.opt_outs}
    return bool(numbers) and not numbers.isdisjoint(reported_numbers(history))


def _is_listed(opt_out: OptOut) -> bool:
    return has_list(opt_out.message_type) and provider(opt_out.service).lists_opt_outs


def opt_outs_known_to_bridge(history: History) -> Iterator[OptOut]:
    """Yield the opt-outs that the provider reported to the bridge, or that the bridge could ask for."""
    for opt_out, reported_at in zip(history.opt_outs, first_reports(history), strict=True):
        if reported_at is not None or _is_listed(opt_out):
            yield opt_out


# -- at Optimove ------------------------------------------------------------------------------------


def _by_bridge(history: History, at_providers: Iterable[OptOutPeriod]) -> Iterator[OptOutPeriod]:
    """Yield the opt-outs in Optimove. Those that only repeat an opt-out at the provider end with it, too."""
    ended: defaultdict[str, list[OptOutPeriod]] = defaultdict(list)
    for period in at_providers:
        if period.until is not None:
            ended[period.customer].append(period)
    for period in (*_by_attribute(history), *_by_preference(history)):
        repeated = next((other for other in ended[period.customer] if other.includes(period.at)), None)
        is_longer = repeated is not None and (period.until is None or period.until > (repeated.until or 0))
        if repeated is not None and is_longer and period.known_at is not None:
            yield replace(period, until=repeated.until, over_known_at=repeated.over_known_at)
        else:
            yield period


@dataclass(frozen=True, kw_only=True, slots=True)
class _Statement:
    """One statement about the consent of a customer. `period` begins with it, if it is an opt-out."""

    opted_out: bool
    period: OptOutPeriod


def _by_attribute(history: History) -> Iterator[OptOutPeriod]:
    return _periods(
        _attribute_statement(history, update, change)
        for update in history.attributes
        for change in update.changes
        if type_of_change(history, change) is not None
    )


def _attribute_statement(history: History, update: Attributes, change: AttributeChange) -> _Statement:
    source = f"by the attribute {change.field}{_source_suffix(update.source)}"
    known_at = _known_at(history, update.at, update.source)
    channels = channels_of_type(history, type_of_change(history, change) or SMS)
    period = OptOutPeriod(customer=change.customer, at=update.at, source=source, known_at=known_at, channels=channels)
    return _Statement(opted_out=change.value == OPTED_OUT_VALUE, period=period)


def _by_preference(history: History) -> Iterator[OptOutPeriod]:
    return _periods(
        _preference_statement(history, preference, customer)
        for preference in history.preferences
        for customer in preference.customers
    )


def _preference_statement(history: History, preference: Preference, customer: str) -> _Statement:
    period = OptOutPeriod(
        customer=customer,
        at=preference.at,
        source=f"by a preference for channel {preference.channel}{_source_suffix(preference.source)}",
        known_at=_known_at(history, preference.at, preference.source),
        channel=preference.channel,
    )
    return _Statement(opted_out=preference.opted_out, period=period)


def _source_suffix(source: Literal["api", "batch_file"]) -> str:
    return "" if source == "api" else " in a batch file of the client"


def _known_at(history: History, at: int, source: Literal["api", "batch_file"]) -> int | None:
    """Return when the bridge knows a statement; only its own API requests count."""
    return has_reacted_at(history, at) if source == "api" else None


def _periods(statements: Iterable[_Statement]) -> Iterator[OptOutPeriod]:
    """Yield a period from each opt-out to the next opt-in of the same customer and channel."""
    still_open: dict[tuple[str, int | None, frozenset[int] | None], OptOutPeriod] = {}
    for statement in statements:
        key = statement.period.customer, statement.period.channel, statement.period.channels
        opened = still_open.get(key)
        if statement.opted_out and opened is None:
            still_open[key] = statement.period
        elif not statement.opted_out and opened is not None:
            yield replace(opened, until=statement.period.at, over_known_at=statement.period.at)
            del still_open[key]
    yield from still_open.values()
