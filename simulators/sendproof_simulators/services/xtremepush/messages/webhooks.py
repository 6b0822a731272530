"""Webhooks: one call per event of a message, to each connection that subscribed to the event.

documented: https://docs.xtremepush.com/docs/webhooks-integration (the form of a call, message_send, message_delivery,
how a call authenticates itself) and https://docs.xtremepush.com/reference/campaign-execute (external_message_id).
assumed: the other names and properties, the signature, and that an unacknowledged call is sent again.
"""

import base64
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import msgspec

from sendproof_simulators.core.clock.wall_clock import SECOND, Instant
from sendproof_simulators.core.effects import OTHER_SYSTEM, Effects, JournalEntry, Timer, Webhook
from sendproof_simulators.core.messaging.delivery_outcomes import (
    CLICKED,
    DELIVERED,
    EXPIRED,
    INVALID,
    OPENED,
    REPLY,
    START,
    STATES,
    STOP,
    UNDELIVERED,
)
from sendproof_simulators.core.messaging.lifecycle import PENDING, DueEvent, advance, click, delivery_status
from sendproof_simulators.core.messaging.message_types import EMAIL, SMS
from sendproof_simulators.core.messaging.opt_outs import inbound, opt_in, opt_out
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush.messages.executions import FAILURES, Execution
from sendproof_simulators.services.xtremepush.project.profiles import SUBSCRIPTION_FIELDS
from sendproof_simulators.services.xtremepush.project.settings import Basic, Bearer, Connection, Signed
from sendproof_simulators.services.xtremepush.state import NAME, State

TIMER = "messages"
SIGNATURE_HEADER = "X-Xtremepush-Signature"

_EVENT_NAMES: Mapping[str, str] = {
    PENDING: "message_send",
    DELIVERED: "message_delivery",
    UNDELIVERED: "message_error",
    EXPIRED: "message_error",
    INVALID: "message_error",
    STOP: "message_unsubscribe",
    # documented: that there is an event for an opened message. A notification is opened by a tap on it (assumed: as is
    # an inbox message).
    OPENED: "message_open",
    # assumed: that a click in an e-mail has an event of its own.
    CLICKED: "message_click",
}
# Ids of other systems' messages and campaigns, above all ids that the simulator gives.
_OTHER_MESSAGES, _OTHER_CAMPAIGNS = 10**15, 10**6
EVENTS = tuple(sorted({*_EVENT_NAMES.values()}))

_encode = msgspec.json.Encoder().encode


def _hex_hmac(algorithm: str) -> Callable[[bytes, bytes], str]:
    return lambda secret, body: hmac.new(secret, body, algorithm).hexdigest()


_SIGNATURES: Mapping[str, Callable[[bytes, bytes], str]] = {
    "sha256_hex": _hex_hmac("sha256"),
    "sha256_base64": lambda secret, body: base64.b64encode(hmac.digest(secret, body, "sha256")).decode(),
    "sha1_hex": _hex_hmac("sha1"),
    "key": lambda secret, body: secret.decode(),  # noqa: ARG005 - all signatures have the same parameters
}


def next_timer(execution: Execution) -> tuple[Timer, ...]:
    """Return the timer for the next event of an execution; there is one timer per execution."""
    return execution.schedule.timer(TIMER, execution.id)


def resume(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    """Apply the events of an execution that are due, and set its next timer."""
    if not isinstance(timer.payload, int):
        raise TypeError(f"expected the id of an execution, got {timer.payload!r}")
    execution = state.executions[timer.payload]
    effects = apply_due_events(context, state, execution, now)
    return Effects(entries=effects.entries, timers=next_timer(execution), webhooks=effects.webhooks)


def apply_due_events(context: SandboxContext, state: State, execution: Execution, now: Instant) -> Effects:
    """Apply the events of an execution until now; return the journal entries and the webhooks."""
    entries: list[JournalEntry] = []
    webhooks: list[Webhook] = []
    without_webhook = FAILURES if context.dialects["failure_event"] == "none" else ()
    for due in execution.schedule.until(now):
        for event in _events_of_type(execution, due._replace(place=execution.accepted[due.place])):
            if event.new:
                entries += _apply_event(execution, event)
            if event.reported and event.what not in without_webhook:
                own = _webhooks_for_event(context, state, execution, event)
                webhooks += _among_others(context, state, execution, event, own)
    return Effects(entries=tuple(entries), webhooks=tuple(webhooks))


def _events_of_type(execution: Execution, event: DueEvent) -> Iterator[DueEvent]:
    """Yield what an event means for a message of its type.

    A tap opens a notification, and a click opens an e-mail first; only the first opening is an event. Nothing happens
    at a STOP where there is no subscription, or at another reply, and no event reports when an SMS is opened.
    """
    is_sms = execution.message == SMS
    if not is_sms and event.what in {CLICKED, OPENED}:
        if execution.first_opens.get(event.place, event.at) == event.at:
            yield event._replace(what=OPENED)
        if event.what == CLICKED and execution.message == EMAIL:
            yield event
    elif event.what not in {OPENED, REPLY} and (
        is_sms or event.what != STOP or execution.message in SUBSCRIPTION_FIELDS
    ):
        yield event


def sent_webhooks(context: SandboxContext, state: State, execution: Execution) -> Iterator[Webhook]:
    """Yield the webhooks that report each message as sent."""
    for index in execution.accepted:
        event = DueEvent(index, PENDING, execution.send_at, new=True, reported=True)
        yield from _webhooks_for_event(context, state, execution, event)


def _among_others(
    context: SandboxContext, state: State, execution: Execution, event: DueEvent, own: Iterable[Webhook]
) -> Iterator[Webhook]:
    """Yield webhooks of an event, between those about two messages of another system if the project is shared.

    So it does not matter if a bridge keeps the first status or the last.
    """
    shows_others = state.settings.other_messages and event.what in STATES and event.new
    if shows_others:
        yield from _webhooks_of_another(context, state, execution, event, _OTHER_MESSAGES)
    yield from own
    if shows_others:
        yield from _webhooks_of_another(context, state, execution, event, 2 * _OTHER_MESSAGES)


def _webhooks_of_another(
    context: SandboxContext, state: State, execution: Execution, event: DueEvent, offset: int
) -> Iterator[Webhook]:
    """Yield the webhooks about another system's message to the user, which failed if this one arrived.

    documented: a connection belongs to the project, and its events name the campaign and the message.
    """
    name = _EVENT_NAMES[UNDELIVERED if event.what == DELIVERED else DELIVERED]
    message = str(execution.message_id(event.place) + offset)
    properties = {
        "message_id": message,
        "campaign_id": execution.campaign + _OTHER_CAMPAIGNS,
        "message_type": execution.message_type(event.place),
        "user_id": execution.profiles[event.place].user_id,
    }
    body = _encode({"event": name, "time": event.at // SECOND, "properties": properties})
    for position, connection in enumerate(state.settings.webhooks):
        if name in connection.events:
            yield Webhook(
                url=connection.url,
                key=f"{name}:{OTHER_SYSTEM}{message}:{position + 1}",
                event=name,
                body=body,
                headers=_authentication_headers(context, connection, body),
                retry=state.limits.webhook_retries,
            )


def _webhooks_for_event(
    context: SandboxContext, state: State, execution: Execution, event: DueEvent
) -> Iterator[Webhook]:
    """Yield one webhook per connection that subscribed to the event. `event.place` is the message's index."""
    is_unknown = event.what == CLICKED and execution.message == SMS
    name, index = None if is_unknown else _EVENT_NAMES.get(event.what), event.place
    connections = [c for c in enumerate(state.settings.webhooks) if name in c[1].events]
    if name is None or not connections:
        return
    message = str(execution.message_id(index))
    properties = _properties(execution, index, event.what)
    content = {"event": name, "time": event.at // SECOND, "properties": properties}
    body = _encode(content)
    forged = _encode({**content, "event": _EVENT_NAMES[DELIVERED]}) if event.what in FAILURES else None
    about = {"message": message, "number": execution.numbers[index], "status": name, "custom": execution.external_id}
    for position, connection in connections:
        headers = _authentication_headers(context, connection, body)
        yield Webhook(
            url=connection.url,
            key=f"{name}:{message}" + (f":{position + 1}" if position else ""),
            event=name,
            body=body,
            headers=headers,
            about=about,
            retry=state.limits.webhook_retries,
            forged_body=forged,
            forged_headers=_forged_headers(context, connection, headers),
            other_headers=None if forged is None else _other_headers(context, connection, forged),
        )


def _apply_event(execution: Execution, event: DueEvent) -> Iterator[JournalEntry]:
    index = event.place
    message, number = str(execution.message_id(index)), execution.numbers[index]
    if event.what in STATES:
        execution.states[index] = advance(execution.states[index], event.what)
        yield delivery_status(NAME, message, event.what, letter=_EVENT_NAMES.get(event.what, ""))
    elif event.what == OPENED:
        execution.first_opens[index] = event.at
        yield JournalEntry(kind="open", fields={"service": NAME, "message": message, "number": number})
    elif event.what == CLICKED:
        execution.first_clicks.setdefault(index, event.at)
        yield click(NAME, message, number)
    elif execution.message != SMS:
        yield from _apply_subscription(execution, index, event.what)
    elif event.what == STOP:
        yield inbound(NAME, number, "STOP")
        profile = execution.profiles[index]
        if profile.sms_subscription:
            profile.sms_subscription = False
            yield opt_out(NAME, number, "reply")
    elif event.what == START:
        yield inbound(NAME, number, "START")
        profile = execution.profiles[index]
        if not profile.sms_subscription:
            profile.sms_subscription = True
            yield opt_in(NAME, number, "reply")


def _apply_subscription(execution: Execution, index: int, what: str) -> Iterator[JournalEntry]:
    """Apply a change in the settings of the app or browser, or by the link in an e-mail.

    The user wants no messages of this type, or wants them again.
    """
    profile, message, is_subscribed = execution.profiles[index], execution.message, what == START
    if message in SUBSCRIPTION_FIELDS and profile.is_subscribed(message) != is_subscribed:
        setattr(profile, SUBSCRIPTION_FIELDS[message], is_subscribed)
        change = opt_in if is_subscribed else opt_out
        entry = change(NAME, execution.numbers[index], "link" if message == EMAIL else "app")
        yield JournalEntry(kind=entry.kind, fields={**entry.fields, "message_type": message})


def _properties(execution: Execution, index: int, state: str) -> dict[str, object]:
    properties: dict[str, object] = {
        "message_id": str(execution.message_id(index)),
        "campaign_id": execution.campaign,
        "message_type": execution.message_type(index),
        "user_id": execution.profiles[index].user_id,
    }
    if execution.external_id:
        properties["external_message_id"] = execution.external_id
    if state in FAILURES:
        properties["error_message"] = execution.failure(state)
    return properties


def _forged_headers(
    context: SandboxContext, connection: Connection, headers: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Return what a stranger can show: a signature of another text, or a login of their own."""
    authentication = connection.authentication
    if isinstance(authentication, Signed):
        return headers if context.dialects["webhook_signature"] != "key" else ()
    if isinstance(authentication, Basic):
        return _basic_header("stranger", "stranger")
    return _bearer_header("stranger") if isinstance(authentication, Bearer) else ()


def _other_headers(
    context: SandboxContext, connection: Connection, body: bytes
) -> Callable[[str], tuple[tuple[str, str], ...]] | None:
    """Return the function from another client's secret to the headers of its project; None without authentication."""
    authentication = connection.authentication
    if isinstance(authentication, Signed):
        return partial(_signature_header, context.dialects["webhook_signature"], body)
    if isinstance(authentication, Basic):
        return partial(_basic_header, authentication.username)
    return _bearer_header if isinstance(authentication, Bearer) else None


def _signature_header(dialect: str, body: bytes, secret: str) -> tuple[tuple[str, str], ...]:
    return ((SIGNATURE_HEADER, _SIGNATURES[dialect](secret.encode(), body)),)


def _basic_header(username: str, password: str) -> tuple[tuple[str, str], ...]:
    login = base64.b64encode(f"{username}:{password}".encode()).decode()
    return (("Authorization", f"Basic {login}"),)


def _bearer_header(token: str) -> tuple[tuple[str, str], ...]:
    return (("Authorization", f"Bearer {token}"),)


def _authentication_headers(
    context: SandboxContext, connection: Connection, body: bytes
) -> tuple[tuple[str, str], ...]:
    """Return the headers that prove the origin of a call."""
    authentication = connection.authentication
    if isinstance(authentication, Basic):
        return _basic_header(authentication.username, authentication.password)
    if isinstance(authentication, Bearer):
        return _bearer_header(authentication.token)
    if isinstance(authentication, Signed):
        return _signature_header(context.dialects["webhook_signature"], body, authentication.secret or "")
    return ()
