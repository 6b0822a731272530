"""`execute/campaign`: the call, from its fields to an order that can be carried out.

documented: https://docs.xtremepush.com/reference/campaign-execute, and for target_by and time
https://support.xtremepush.com/hc/en-us/articles/207958935-Template-Campaigns-triggered-executed-via-API. assumed:
that the campaign's text counts as it was at the call, that a past time is refused, and what the answer's model is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.clock.wall_clock import MINUTE, SECOND, Instant, parse_iso
from sendproof_simulators.core.effects import Timer
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import wrong
from sendproof_simulators.services.xtremepush.messages.sending import Order, carry_out
from sendproof_simulators.services.xtremepush.methods.campaigns import (
    API_TRIGGER,
    DEFAULT_SENDER,
    Campaign,
    found,
    sms_of,
)
from sendproof_simulators.services.xtremepush.personalization import plain_value
from sendproof_simulators.services.xtremepush.responses import Answer
from sendproof_simulators.services.xtremepush.state import State

TIMER = "execution"
_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)(:\d\d)?(?: (?:UTC|GMT|\+00:00))?")


@dataclass(frozen=True, slots=True)
class _Target:
    by_user: bool
    each: Sequence[tuple[str, Mapping[str, object]]]


def execute_campaign(call: Call) -> Answer:
    """Check the call, and carry it out now, soon, or at its time."""
    state: State = call.state
    given = call.body
    campaign = found(state, given["id"])
    target, at = _target(call), _time(call)
    text, sender = _content(campaign, given.get("messages", {}))
    order = Order(
        id=state.ids.draw("action", given, state.actions),
        campaign=campaign.id,
        text=text,
        sender=sender,
        external_id=plain_value(given.get("params", {}).get("external_message_id")),
        params=given.get("params", {}),
        by_user=target.by_user,
        targets=target.each,
        creates=given.get("target_existing_only", 1) == 0,
    )
    said = {"model": {"id": order.id}}
    summary = {"campaign": campaign.id, "action": order.id, "targets": len(order.targets)}
    if at > call.now or _is_async(call):
        return Answer(value=said, timers=(Timer(at=at, name=TIMER, payload=order),), summary=summary)
    done = carry_out(call.context, state, order, call.now)
    return Answer(
        value=said,
        entries=done.entries,
        timers=done.timers,
        webhooks=done.webhooks,
        before_response=done.before_response,
        summary=summary,
    )


def _target(call: Call) -> _Target:
    given = call.body
    if ("target" in given) == ("target_with_params" in given):
        raise wrong("target", "expected either target or target_with_params")
    by = given.get("target_by") or call.context.dialects["target_by"]
    if "target" in given:
        each = [(plain_value(identifier), _NOTHING) for identifier in given["target"]]
    else:
        each = list(given["target_with_params"].items())
    _check_count(len(each), call.context.dialects["max_targets"])
    return _Target(by != "id", each)


_NOTHING: Mapping[str, object] = {}


def _check_count(count: int, most: str) -> None:
    if most != "none" and count > int(most):
        raise wrong("target", f"expected at most {most} targets, got {count}")


def _content(campaign: Campaign, override: Mapping[str, object]) -> tuple[str, str]:
    if campaign.trigger != API_TRIGGER:
        raise wrong("id", f"campaign {campaign.id} is not triggered by the API (trigger {API_TRIGGER})")
    content = {**sms_of(campaign.messages), **sms_of(override)}
    if not content.get("text", "").strip():
        raise wrong("id", f"campaign {campaign.id} has no SMS, and other channels are not simulated")
    return content["text"], content.get("from", DEFAULT_SENDER)


def _is_async(call: Call) -> bool:
    given = call.body.get("async")
    return bool(given) if given is not None else call.context.dialects["execution"] == "async"


def _time(call: Call) -> Instant:
    """When to execute. A time without seconds is that whole minute."""
    given = call.body.get("time")
    if given is None:
        return call.now
    at, step = (given * SECOND, SECOND) if isinstance(given, int) else _instant(given)
    if at <= call.now - step:
        raise wrong("time", f"expected a time in the future, got {given!r}")
    return max(at, call.now)


def _instant(text: str) -> tuple[Instant, int]:
    form = _TIME.fullmatch(text)
    if form is None:
        raise wrong("time", f"expected a time such as 2026-03-02 09:00 UTC, or a Unix time, got {text!r}")
    day, minute, second = form.groups()
    try:
        return parse_iso(f"{day}T{minute}{second or ':00'}Z"), SECOND if second else MINUTE
    except ValueError as error:
        raise wrong("time", str(error)) from None
