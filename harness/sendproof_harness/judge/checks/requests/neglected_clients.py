"""Signs that the bridge made a call with one client's key or account that another client needed with its own.

Such calls name nothing that only one client has: the URL of a listener, or a list that each account has of its own. The
histories of all clients together show them, because each client has the same scenario.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sendproof_harness.history.records import History, Listener
from sendproof_harness.history.run_records import OtherClient
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE
from sendproof_harness.judge.facts.keys import campaign_key
from sendproof_harness.judge.facts.pages import pages
from sendproof_harness.judge.findings import Finding, Location
from sendproof_harness.providers import provider
from sendproof_harness.providers.record import Provider

_REGISTER = "RegisterEventListener"
# A bridge that listed templates for a client serves this client.
_SERVED = f"{OPTIMOVE} AddChannelTemplates"
_CHANNEL_LIST = "GetChannelTemplates"

_ListenerKey = tuple[int, int | None]


def listener_findings(history: History, check: str) -> Iterator[Finding]:
    """Yield findings about listeners of two clients with one URL, and about registrations with the wrong key."""
    urls: defaultdict[_ListenerKey, dict[str, Listener]] = defaultdict(dict)
    for listener in history.listeners:
        if listener.action == "registered":
            urls[listener.event_type, listener.channel].setdefault(listener.url, listener)
    for key, by_url in urls.items():
        for other in history.other_clients:
            other_urls = {url for event, channel, url in other.listeners if (event, channel) == key}
            shared = other_urls & by_url.keys()
            if shared and (_is_neglected(history, other) or _is_neglected_here(history)):
                yield _shared_url(check, by_url[min(shared)], other)
            elif not other_urls and len(by_url) > 1:
                yield _registered_here(check, list(by_url.values())[-1], other)


def _is_neglected(history: History, other: OtherClient) -> bool:
    """Return True if the other client has a campaign that was never read, or triggers without any message."""
    sends = {f"{record.name} {operation}" for record in _providers(history) for operation in record.send_operations}
    return bool(other.unread) or (bool(other.triggered) and sends.isdisjoint(other.calls))


def _is_neglected_here(history: History) -> bool:
    read = pages(history)
    announced = (campaign for campaign in history.campaigns if campaign.announced_at is not None)
    is_unread = any(campaign_key(campaign) not in read for campaign in announced)
    return is_unread or (bool(history.triggers) and not history.deliveries)


def _shared_url(check: str, listener: Listener, other: OtherClient) -> Finding:
    return Finding(
        check=check,
        level="fail",
        blame="bridge",
        cause=f"{_REGISTER}: one URL for the events of two clients, which do not say whose they are",
        expected=f"another URL than that of {other.client!r}",
        got=f"{listener.url} for event {listener.event_type} of both",
        where=Location(channel=listener.channel, listener=listener.url),
        at=listener.at,
    )


def _registered_here(check: str, listener: Listener, other: OtherClient) -> Finding:
    return Finding(
        check=check,
        level="fail",
        blame="bridge",
        cause=f"{_REGISTER}: one client's key was used for another client",
        expected=f"the key of {other.client!r}, which has no listener for event {listener.event_type}",
        got="several URLs for this event with the key of the client of this history",
        where=Location(channel=listener.channel, listener=listener.url),
        at=listener.at,
    )


def look_up_findings(history: History, check: str) -> Iterator[Finding]:
    """Yield findings about lists that were only ever read with this client's key or account."""
    has_own_faults = any(not fault.is_elsewhere for fault in history.faults)
    if has_own_faults or history.aborted or history.running:
        return
    for call, credential in _lists(history).items():
        for other in history.other_clients:
            if _SERVED in other.calls and call not in other.calls and _is_needed(history, call, other):
                yield Finding(
                    check=check,
                    level="fail",
                    blame="bridge",
                    cause=f"{call.partition(' ')[2]}: one client's {credential} was used for another client",
                    expected=f"the same call with the {credential} of {other.client!r}",
                    got=f"this call with the {credential} of the client of this history only",
                )


def _is_needed(history: History, call: str, other: OtherClient) -> bool:
    """Return True unless it is the list of opt-outs of a client without sends: a bridge may read it before each one."""
    return all(
        call != f"{record.name} {record.opt_out_operation}"
        or any(f"{record.name} {operation}" in other.calls for operation in record.send_operations)
        for record in _providers(history)
    )


def _lists(history: History) -> Mapping[str, str]:
    """Return the calls of this history that read a list of the client, and the credential that they need."""
    accounts = {
        f"{record.name} {operation}": "account"
        for record in _providers(history)
        for operation in (record.template_operation, record.opt_out_operation)
        if operation is not None
    }
    called = {f"{request.service} {request.operation}" for request in history.requests}
    lists = {f"{OPTIMOVE} {_CHANNEL_LIST}": "key", **accounts}
    return {call: credential for call, credential in lists.items() if call in called}


def _providers(history: History) -> Sequence[Provider]:
    return [provider(channel.provider) for channel in history.header.channels]
