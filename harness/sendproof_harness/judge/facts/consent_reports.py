"""The bridge's reports of consent to Optimove, and the changes at providers that they must follow."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.parts import SMS, AttributeChange
from sendproof_harness.history.records import History, Obligation, Preference
from sendproof_harness.judge.facts.consent import (
    OPTED_IN_VALUE,
    OPTED_OUT_VALUE,
    is_opted_out_in_record,
    opt_outs_known_to_bridge,
    owners_of_opt_outs,
)
from sendproof_harness.judge.facts.deliveries.message_types import has_list, message_type, type_of_change
from sendproof_harness.judge.facts.requests import unknown_channel
from sendproof_harness.judge.facts.wishes import apps_of_channels, preference_channels, wanted_opt_outs
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# documented by a vendor (https://docs.xtremepush.com/docs/optimove): it fetches the client's attribute. No way back is
# described for people who were never sent a message.


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentReport:
    """The bridge reported an opt-out or opt-in of one customer, with the request or attribute in `by`.

    `channel` is that of a preference, and `message` the type of messages that the report is about. `wrong`
    says in words why it is not the way that the client asked for.
    """

    at: int
    opted_out: bool
    by: str
    channel: int | None = None
    wrong: str | None = None
    message: str = SMS


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderChange:
    """A customer opted out at a provider, or in again, and the bridge could know it.

    `until` is the next change of the same number. `channels` are those for which a preference reports it. `message` is
    the type of messages from which the customer opted out.
    """

    at: int
    service: str
    opted_out: bool
    channels: frozenset[int]
    until: int | None = None
    message: str = SMS


@cached_per_history
def consent_reports(history: History) -> Mapping[str, Sequence[ConsentReport]]:
    """Return the bridge's reports by customer, in order of time, without those in the client's own files."""
    reports: defaultdict[str, list[ConsentReport]] = defaultdict(list)
    for customer, report in (*_by_preference(history), *_refused(history), *_by_attribute(history)):
        reports[customer].append(report)
    return {customer: sorted(found, key=lambda report: report.at) for customer, found in reports.items()}


def _by_preference(history: History) -> Iterator[tuple[str, ConsentReport]]:
    for preference in history.preferences:
        if preference.source == "api":
            by = f"SetCustomerChannelPreference for channel {preference.channel}, CommunicationMode {preference.mode}"
            report = ConsentReport(
                at=preference.at,
                opted_out=preference.opted_out,
                by=by,
                channel=preference.channel,
                wrong=_wrong_preference(history, preference),
                message=message_type(history, preference.channel),
            )
            yield from ((customer, report) for customer in preference.customers)


def _refused(history: History) -> Iterator[tuple[str, ConsentReport]]:
    """Yield the preferences that Optimove refused because it has no such channel."""
    for request in history.requests:
        refused = unknown_channel(request)
        if refused is not None:
            by = f"SetCustomerChannelPreference for channel {refused['channel']}, which Optimove does not have"
            report = ConsentReport(
                at=request.at,
                opted_out=refused["opted_out"],
                by=by,
                channel=refused["channel"],
                wrong="for another channel",
            )
            yield from ((customer, report) for customer in refused["customers"])


def _wrong_preference(history: History, preference: Preference) -> str | None:
    if wanted_opt_outs(history) == "attribute":
        return "by preference, but the client asked for the attribute"
    if preference.channel not in preference_channels(history).values():
        return "for another channel"
    is_own = preference.app is None or preference.app in apps_of_channels(history).get(preference.channel, {})
    return None if is_own else "for an app that the channel does not have"


def _by_attribute(history: History) -> Iterator[tuple[str, ConsentReport]]:
    for update in history.attributes:
        for change in update.changes if update.source == "api" else ():
            opted_out = change.value != OPTED_IN_VALUE
            by = f"attribute {change.field} = {change.value}"
            wrong = _wrong_change(history, change)
            type_ = type_of_change(history, change) or SMS
            yield change.customer, ConsentReport(at=update.at, opted_out=opted_out, by=by, wrong=wrong, message=type_)


def _wrong_change(history: History, change: AttributeChange) -> str | None:
    wish = wanted_opt_outs(history)
    if wish == "preference":
        return "by attribute, but the client asked for the preference"
    if type_of_change(history, change) is None:
        # documented: a bridge may add an attribute of its own, and may then give it any values.
        is_own = any(a.name == change.field and a.source == "api" for a in history.new_attributes)
        return None if is_own and wish is None else "in another attribute"
    return None if change.value in {OPTED_OUT_VALUE, OPTED_IN_VALUE} else "with another value"


def provider_changes(history: History) -> Mapping[str, Sequence[ProviderChange]]:
    """Return the changes that the bridge could know, by customer.

    It had sent a message to the number before, and Optimove had announced one to the customer.
    """
    if not history.opt_outs:
        return {}
    channels, owners = _channels_sent_on(history), owners_of_opt_outs(history)
    events = [
        (event.at, event.service, event.number, True, event.message_type) for event in opt_outs_known_to_bridge(history)
    ]
    events += [
        (event.at, event.service, event.number, False, event.message_type)
        for event in history.opt_ins
        if has_list(event.message_type) and provider(event.service).lists_opt_outs
    ]
    times: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for at, service, number, _, message in sorted(events):
        times[service, number, message].append(at)
    changes: defaultdict[str, list[ProviderChange]] = defaultdict(list)
    for at, service, number, opted_out, message in sorted(events):
        sent_on = frozenset(channel for sent_at, channel in channels.get((service, number), ()) if sent_at <= at)
        of_number = times[service, number, message]
        until = next(iter(of_number[bisect_right(of_number, at) :]), None)
        known = (customer for customer, since in owners.get(number, {}).items() if since <= at)
        for customer in known if sent_on else ():
            change = ProviderChange(
                at=at, service=service, opted_out=opted_out, channels=sent_on, until=until, message=message
            )
            changes[customer].append(change)
    return changes


def _channels_sent_on(history: History) -> Mapping[tuple[str, str], Sequence[tuple[int, int]]]:
    """Return, by provider and number that opted out, the preference channels with the times of the messages."""
    numbers = {(opt_out.service, opt_out.number) for opt_out in history.opt_outs}
    reported_for, found = preference_channels(history), defaultdict[tuple[str, str], list[tuple[int, int]]](list)
    provider_of = {channel.id: channel.provider for channel in history.header.channels}
    addressed: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for obligation in history.obligations:
        key = provider_of.get(obligation.channel, ""), obligation.number or ""
        if key in numbers:
            addressed[key].add(reported_for[obligation.channel])
    for delivery in history.deliveries:
        key = delivery.service, delivery.number
        found[key] += [(delivery.at, channel) for channel in addressed.get(key, ())]
    return found


@cached_per_history
def unseen_opt_ins(history: History) -> Mapping[str, Sequence[ProviderChange]]:
    """Return the opt-ins that no list shows, by customer: a bridge need not know them, and may report them."""
    changes, owners = provider_changes(history), owners_of_opt_outs(history)
    found: defaultdict[str, list[ProviderChange]] = defaultdict(list)
    for event in history.opt_ins:
        for customer in owners.get(event.number, ()):
            same = [change for change in changes.get(customer, ()) if change.service == event.service]
            channels = frozenset(channel for change in same for channel in change.channels)
            if same and not (has_list(event.message_type) and provider(event.service).lists_opt_outs):
                found[customer].append(
                    ProviderChange(
                        at=event.at,
                        service=event.service,
                        opted_out=False,
                        channels=channels,
                        message=event.message_type,
                    )
                )
    return found


# -- records of consent that the bridge itself changed ----------------------------------------------


@cached_per_history
def _changed_by_others(history: History) -> frozenset[str]:
    """Return the customers whose consent or attributes someone else than the bridge changed."""
    preferences, attributes = history.preferences, history.attributes
    in_preferences = (who for preference in preferences if preference.source != "api" for who in preference.customers)
    in_attributes = (change.customer for update in attributes if update.source != "api" for change in update.changes)
    return frozenset((*in_preferences, *in_attributes))


def may_be_own_report(history: History, obligation: Obligation) -> bool:
    """Return True if the record became that of an opt-out after an announcement, and only the bridge changed it.

    Its own report must not be the reason for which that report is right. An opt-out at a provider is none of its own.
    """
    if obligation.customer in _changed_by_others(history) or obligation.opted_out_by == "provider":
        return False
    if any(alternative.reason == "opted_out" for alternative in obligation.alternatives):
        return True
    opted_in_at = _first_opted_in(history).get((obligation.customer, message_type(history, obligation.channel)))
    return opted_in_at is not None and opted_in_at < obligation.at


@cached_per_history
def _first_opted_in(history: History) -> Mapping[tuple[str, str], int]:
    """Return the first announcement of a message type to each reported customer with a record without an opt-out."""
    found: dict[tuple[str, str], int] = {}
    reported = consent_reports(history)
    for obligation in history.obligations:
        if obligation.customer in reported and not is_opted_out_in_record(obligation):
            key = obligation.customer, message_type(history, obligation.channel)
            found[key] = min(obligation.at, found.get(key, obligation.at))
    return found
