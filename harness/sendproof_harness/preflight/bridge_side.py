"""Checks of the bridge's side: its channel settings, address and listeners, and the clock of the sandbox."""

from collections import Counter
from collections.abc import Iterator

from sendproof_harness.handover.format import Channel
from sendproof_harness.preflight.context import OK, PreflightContext, list_rows
from sendproof_harness.preflight.http import connection_error, host_and_port, is_resolvable
from sendproof_harness.preflight.results import PreflightResult, ok, unknown, wrong

# documented: https://developer.optimove.com/docs/event-types (13: campaign executed on a channel, 11: trigger met)
_EVENT = {"scheduled": 13, "triggered": 11}
# HTTP statuses from here on are errors of the server.
_SERVER_ERROR = 500


def check_settings(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that channel ids are unique, and that each channel's provider has a URL."""
    handover = context.handover
    for channel_id, count in Counter(channel.id for channel in handover.channels).items():
        yield _unique_id(channel_id, count)
    providers = ", ".join(name for name in handover.services if name != "optimove") or "none"
    for channel in handover.channels:
        subject, expected = f"provider of channel {channel.id}", f"one of the services: {providers}"
        if channel.provider in handover.services:
            yield ok(subject, expected, channel.provider)
        else:
            action = f"add services.{channel.provider}, or correct the channel's provider"
            yield wrong(subject, expected, channel.provider, action)


def _unique_id(channel_id: int, count: int) -> PreflightResult:
    subject, expected = f"id of channel {channel_id}", "a unique id; a scheduled and a triggered channel have two"
    if count == 1:
        return ok(subject, expected, "unique")
    return wrong(subject, expected, f"{count} channels with it", "correct channels: give each its id in Optimove")


def check_bridge_address(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that the bridge's host name can be resolved, and that the bridge responds if a listener is registered."""
    if context.handover.listen is None:
        return
    host, port = context.handover.listen
    subject, expected = "address of the bridge", f"a bridge that listens at {host}:{port}"
    if not is_resolvable(host):
        action = "correct the bridge's address (listen, or --bridge)"
        yield wrong(subject, expected, f"unknown host {host}", action)
        return
    error = connection_error(host, port)
    if error is None:
        yield ok(subject, expected, "it accepts connections")
        return
    action = f"start the bridge, and let it listen at {host}:{port}"
    if any(host_and_port(url) == (host, port) for _, _, url in _registered_listeners(context) or ()):
        yield wrong(subject, f"{expected}, where its listener is registered", error, action, "bridge")
    else:
        yield unknown(subject, expected, f"{error}; perhaps the bridge has not started yet", action, "bridge")


def check_listeners(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that each channel has a listener, and that each listener responds."""
    listeners = _registered_listeners(context)
    if not listeners:
        got = "Optimove does not list them" if listeners is None else "no listener is registered yet"
        action = "start the bridge, which registers them"
        yield unknown("listeners", "a listener for each channel", got, action, "bridge")
        return
    for channel in context.handover.channels:
        yield _channel_listener(channel, listeners)
    # A bridge may have a path for each channel and event. Where the same is wrong with all of them, one result says it.
    urls = dict.fromkeys(url for _, _, url in listeners)
    yield from dict.fromkeys(_listener_response(context, url) for url in urls)


def _registered_listeners(context: PreflightContext) -> list[tuple[str, str, str]] | None:
    """Return (event type, channel, URL) of each listener, or None if Optimove does not list them.

    The form of the response is assumed; it may omit channels.
    """
    rows = list_rows(context.optimove("general/GetRegisteredEventListeners"), empty_is_404=True)
    if rows is None:
        return None
    return [(str(row.get("eventtypeid")), str(row.get("channelid")), str(row.get("listenerurl"))) for row in rows]


def _channel_listener(channel: Channel, listeners: list[tuple[str, str, str]]) -> PreflightResult:
    event = _EVENT[channel.kind]
    subject = f"listener of channel {channel.id}"
    expected = f"a listener for event {event}, because the channel is {channel.kind}"
    channel_ids = {str(channel.id), "None"}
    if any(type_ == str(event) and channel_id in channel_ids for type_, channel_id, _ in listeners):
        return ok(subject, expected, "registered")
    got = ", ".join(f"event {type_} of channel {channel_id}" for type_, channel_id, _ in listeners)
    return wrong(subject, expected, got, "let the bridge register it", "bridge")


def _listener_response(context: PreflightContext, url: str) -> PreflightResult:
    """Send OPTIONS, which changes nothing. Any response shows a listener; only 5xx is a failure."""
    address = host_and_port(url)
    if address is None:
        expected, action = "an http or https URL", "correct the bridge's address"
        return wrong("a listener", expected, "another kind of address", action, "bridge")
    # The path may contain a secret of the bridge, so it is not shown.
    subject, expected = f"listener at {address[0]}:{address[1]}", "a response of the bridge"
    response = context.client.request("OPTIONS", url)
    if response.status is None:
        action = "start the bridge, or correct the URL that it registers"
        return wrong(subject, expected, response.text, action, "network")
    if response.status >= _SERVER_ERROR:
        return wrong(subject, expected, f"status {response.status}", "see the bridge's log", "bridge")
    return ok(subject, expected, f"status {response.status}")


def check_clock(context: PreflightContext) -> Iterator[PreflightResult]:
    """Check that the sandbox's clock returns the time. Without a `clock_url` there is nothing to check."""
    url = context.handover.clock_url
    if url is None:
        return
    subject, expected = "clock", "a time and a number of deliveries"
    if host_and_port(url) is None:
        yield wrong(subject, expected, f"{url!r:.100} as its URL", "correct clock_url")
        return
    response = context.clock
    content = response.json if isinstance(response.json, dict) else {}
    if response.status == OK and {"now", "delivered"} <= content.keys():
        yield ok(subject, expected, str(content["now"]))
    elif response.status is None:
        yield wrong(subject, expected, response.text, "start the simulators, or correct clock_url", "network")
    else:
        yield wrong(subject, expected, response.summary, "correct clock_url; the sandbox may not exist")
