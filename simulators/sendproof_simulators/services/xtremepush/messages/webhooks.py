"""Webhooks: a call for each thing that happens to a message, to each connection that wants to know.

documented: https://docs.xtremepush.com/docs/webhooks-integration (the form of a call, message_send, message_delivery,
how a call proves where it comes from) and https://docs.xtremepush.com/reference/campaign-execute
(external_message_id). assumed: the other names and properties, the signature, and that a call that is not
acknowledged is made again.
"""

import base64
import hmac
from collections.abc import Callable, Iterator, Mapping

import msgspec

from sendproof_simulators.core.clock.wall_clock import MINUTE, SECOND, Instant
from sendproof_simulators.core.effects import Effects, JournalEntry, RetryPolicy, Timer, Webhook
from sendproof_simulators.core.messaging.delivery_outcomes import (
    CLICKED,
    DELIVERED,
    EXPIRED,
    INVALID,
    STATES,
    STOP,
    UNDELIVERED,
)
from sendproof_simulators.core.messaging.lifecycle import PENDING, DueEvent, advance, click, delivery_status
from sendproof_simulators.core.messaging.opt_outs import inbound, opt_out
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush.messages.executions import FAILURES, SMS_TYPE, Action
from sendproof_simulators.services.xtremepush.project.settings import Basic, Bearer, Connection, Signed
from sendproof_simulators.services.xtremepush.state import NAME, State

TIMER = "messages"
RETRY = RetryPolicy(delays_ms=(1 * MINUTE, 5 * MINUTE, 30 * MINUTE))
SIGNATURE_HEADER = "X-Xtremepush-Signature"

_EVENTS: Mapping[str, str] = {
    PENDING: "message_send",
    DELIVERED: "message_delivery",
    UNDELIVERED: "message_error",
    EXPIRED: "message_error",
    INVALID: "message_error",
    STOP: "message_unsubscribe",
}
EVENTS = tuple(sorted(set(_EVENTS.values())))

_encode = msgspec.json.Encoder().encode


def _hex(algorithm: str) -> Callable[[bytes, bytes], str]:
    return lambda secret, body: hmac.new(secret, body, algorithm).hexdigest()


_SIGNATURES: Mapping[str, Callable[[bytes, bytes], str]] = {
    "sha256_hex": _hex("sha256"),
    "sha256_base64": lambda secret, body: base64.b64encode(hmac.digest(secret, body, "sha256")).decode(),
    "sha1_hex": _hex("sha1"),
    "key": lambda secret, body: secret.decode(),  # noqa: ARG005 - one form for all signatures
}


def next_timer(action: Action) -> tuple[Timer, ...]:
    """One timer an action, for the next time that anything becomes of its messages."""
    return action.schedule.timer(TIMER, action.id)


def go_on(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    """Let become of an action's messages what is due."""
    if not isinstance(timer.payload, int):
        raise TypeError(f"expected the id of an action, got {timer.payload!r}")
    action = state.actions[timer.payload]
    said = said_of(context, state, action, now)
    return Effects(entries=said.entries, timers=next_timer(action), webhooks=said.webhooks)


def said_of(context: SandboxContext, state: State, action: Action, now: Instant) -> Effects:
    """What has become of an action's messages by now, and the calls that tell of it."""
    entries: list[JournalEntry] = []
    webhooks: list[Webhook] = []
    silent = FAILURES if context.dialects["failure_event"] == "none" else ()
    for due in action.schedule.until(now):
        event = due._replace(place=action.accepted[due.place])
        if event.new:
            entries += _become(action, event)
        if event.told and event.what not in silent:
            webhooks += _calls(context, state, action, event)
    return Effects(entries=tuple(entries), webhooks=tuple(webhooks))


def sent(context: SandboxContext, state: State, action: Action) -> Iterator[Webhook]:
    """That each message was sent."""
    for place in action.accepted:
        yield from _calls(context, state, action, DueEvent(place, PENDING, action.send_at, new=True, told=True))


def _calls(context: SandboxContext, state: State, action: Action, happened: DueEvent) -> Iterator[Webhook]:
    """One call to each connection that wants to know of this. `happened.place` is the message's in its action."""
    event, place = _EVENTS.get(happened.what), happened.place
    connections = [c for c in enumerate(state.settings.webhooks) if event in c[1].events]
    if event is None or not connections:
        return
    message = str(action.message_id(place))
    properties = _properties(action, place, happened.what)
    body = _encode({"event": event, "time": happened.at // SECOND, "properties": properties})
    about = {"message": message, "number": action.numbers[place], "status": event, "custom": action.external_id}
    for index, connection in connections:
        yield Webhook(
            url=connection.url,
            key=f"{event}:{message}" + (f":{index + 1}" if index else ""),
            event=event,
            body=body,
            headers=_proof(context, connection, body),
            about=about,
            retry=RETRY,
        )


def _become(action: Action, event: DueEvent) -> Iterator[JournalEntry]:
    place = event.place
    message, number = str(action.message_id(place)), action.numbers[place]
    if event.what in STATES:
        action.states[place] = advance(action.states[place], event.what)
        yield delivery_status(NAME, message, event.what, letter=_EVENTS.get(event.what, ""))
    elif event.what == CLICKED:
        action.clicked.setdefault(place, event.at)
        yield click(NAME, message, number)
    elif event.what == STOP:
        yield inbound(NAME, number, "STOP")
        profile = action.profiles[place]
        if profile.sms_subscription:
            profile.sms_subscription = False
            yield opt_out(NAME, number, "reply")


def _properties(action: Action, place: int, what: str) -> dict[str, object]:
    said: dict[str, object] = {
        "message_id": str(action.message_id(place)),
        "campaign_id": action.campaign,
        "message_type": SMS_TYPE,
        "user_id": action.profiles[place].user_id,
    }
    if action.external_id:
        said["external_message_id"] = action.external_id
    if what in FAILURES:
        said["error_message"] = FAILURES[what]
    return said


def _proof(context: SandboxContext, connection: Connection, body: bytes) -> tuple[tuple[str, str], ...]:
    """The headers by which a call proves where it comes from."""
    authentication = connection.authentication
    if isinstance(authentication, Basic):
        pair = f"{authentication.username}:{authentication.password}"
        return (("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"),)
    if isinstance(authentication, Bearer):
        return (("Authorization", f"Bearer {authentication.token}"),)
    if isinstance(authentication, Signed):
        sign = _SIGNATURES[context.dialects["webhook_signature"]]
        return ((SIGNATURE_HEADER, sign((authentication.secret or "").encode(), body)),)
    return ()
