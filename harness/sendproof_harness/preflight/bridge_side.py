"""The bridge's side: channels that make sense, the address it listens at, its listeners, and the clock of a sandbox."""

from collections import Counter
from collections.abc import Iterator

from sendproof_harness.handover.format import Channel
from sendproof_harness.preflight.context import OK, PreflightContext, rows
from sendproof_harness.preflight.http import address_of, connects, resolves
from sendproof_harness.preflight.results import PreflightResult, ok, unknown, wrong

# documented: https://developer.optimove.com/docs/event-types (13: campaign executed on a channel, 11: trigger met)
_EVENT = {"scheduled": 13, "triggered": 11}
# What HTTP calls an error of the server begins here.
_SERVER_ERROR = 500


def settings(patient: PreflightContext) -> Iterator[PreflightResult]:
    """Channels have ids of their own, and providers whose address was handed over."""
    handed = patient.handed
    times = Counter(channel.id for channel in handed.channels)
    for id_, often in times.items():
        about, expected = f"id of channel {id_}", "each id once: a scheduled and a triggered channel are two"
        if often == 1:
            yield ok(about, expected, "once")
        else:
            yield wrong(
                about, expected, f"{often} times", "correct channels: give each the id that Optimove has for it"
            )
    known = ", ".join(name for name in handed.services if name != "optimove") or "none"
    for channel in handed.channels:
        about, expected = f"provider of channel {channel.id}", f"one of the services: {known}"
        if channel.provider in handed.services:
            yield ok(about, expected, channel.provider)
        else:
            todo = f"add services.{channel.provider}, or correct the channel's provider"
            yield wrong(about, expected, channel.provider, todo)


def listen(patient: PreflightContext) -> Iterator[PreflightResult]:
    """The bridge's address has a name that is known; whether it answers matters as soon as it has a listener there."""
    if patient.handed.listen is None:
        return
    host, port = patient.handed.listen
    about, expected = "address of the bridge", f"a bridge that listens at {host}:{port}"
    if not resolves(host):
        yield wrong(about, expected, f"no such host as {host}", "correct the bridge's address (listen, or --bridge)")
        return
    refused = connects(host, port)
    if refused is None:
        yield ok(about, expected, "it takes connections")
        return
    todo = f"start the bridge, and let it listen at {host}:{port}"
    if any(address_of(url) == (host, port) for _, _, url in _registered(patient) or ()):
        yield wrong(about, f"{expected}, as its listener is registered", refused, todo, "bridge")
    else:
        yield unknown(about, expected, f"{refused}: perhaps it is not to run yet", todo, "bridge")


def listeners(patient: PreflightContext) -> Iterator[PreflightResult]:
    """Each channel has its listener, and each listener answers at its address."""
    registered = _registered(patient)
    if not registered:
        got = "Optimove does not list them" if registered is None else "none is registered yet"
        todo = "start the bridge: it registers them"
        yield unknown("listeners", "a listener for each channel", got, todo, "bridge")
        return
    for channel in patient.handed.channels:
        yield _has_listener(channel, registered)
    for url in dict.fromkeys(url for _, _, url in registered):
        yield _answers(patient, url)


def _registered(patient: PreflightContext) -> list[tuple[str, str, str]] | None:
    """(event type, channel, address) of each listener. The function's answer is assumed; it may leave channels out."""
    answer = patient.optimove("general/GetRegisteredEventListeners")
    found = rows(answer, none_is_404=True)
    if found is None:
        return None
    return [(str(row.get("eventtypeid")), str(row.get("channelid")), str(row.get("listenerurl"))) for row in found]


def _has_listener(channel: Channel, registered: list[tuple[str, str, str]]) -> PreflightResult:
    event = _EVENT[channel.kind]
    about, expected = f"listener of channel {channel.id}", f"one for event {event}, as it is {channel.kind}"
    if any(type_ == str(event) and id_ in {str(channel.id), "None"} for type_, id_, _ in registered):
        return ok(about, expected, "one is registered")
    got = ", ".join(f"event {type_} of channel {id_}" for type_, id_, _ in registered)
    return wrong(about, expected, got, "have the bridge register it", "bridge")


def _answers(patient: PreflightContext, url: str) -> PreflightResult:
    """By OPTIONS, which asks for nothing to be done. Whatever is answered, somebody is there; only 5xx is a failure."""
    address = address_of(url)
    if address is None:
        return wrong(
            "a listener", "an http or https address", "something else", "correct the bridge's address", "bridge"
        )
    # The path may hold a secret of the bridge, so it is not shown.
    about, expected = f"listener at {address[0]}:{address[1]}", "an answer from the bridge"
    answer = patient.calls.call("OPTIONS", url)
    if answer.status is None:
        return wrong(about, expected, answer.text, "start the bridge, or correct the address it registers", "network")
    if answer.status >= _SERVER_ERROR:
        return wrong(about, expected, f"status {answer.status}", "see the bridge's log", "bridge")
    return ok(about, expected, f"status {answer.status}")


def clock(patient: PreflightContext) -> Iterator[PreflightResult]:
    """The clock of the sandbox tells the time; an environment without one has nothing to be looked at."""
    url = patient.handed.clock_url
    if url is None:
        return
    about, expected = "clock", "a time and a number of deliveries"
    if address_of(url) is None:
        yield wrong(about, expected, f"{url!r:.100} as its address", "correct clock_url")
        return
    answer = patient.clock
    said = answer.json if isinstance(answer.json, dict) else {}
    if answer.status == OK and {"now", "delivered"} <= said.keys():
        yield ok(about, expected, str(said["now"]))
    elif answer.status is None:
        yield wrong(about, expected, answer.text, "start the simulators, or correct clock_url", "network")
    else:
        yield wrong(about, expected, answer.said, "correct clock_url: is there such a sandbox?")
