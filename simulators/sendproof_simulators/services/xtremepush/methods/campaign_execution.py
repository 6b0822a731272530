"""`execute/campaign`: from the fields of the call to an execution, now or later.

documented: https://docs.xtremepush.com/reference/campaign-execute, and for target_by and time
https://support.xtremepush.com/hc/en-us/articles/207958935-Template-Campaigns-triggered-executed-via-API. assumed:
that the campaign's text at the time of the call is sent, that a past time is refused, and the model in the response.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sendproof_simulators.core.clock.wall_clock import MINUTE, SECOND, Instant, parse_iso
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer
from sendproof_simulators.core.messaging.message_types import EMAIL, SMS
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import ApiError, invalid_field
from sendproof_simulators.services.xtremepush.messages.sending import ExecutionRequest, execute, rejection_entry
from sendproof_simulators.services.xtremepush.methods.campaigns import campaign_by_id
from sendproof_simulators.services.xtremepush.personalization import plain_value
from sendproof_simulators.services.xtremepush.project.campaigns import (
    API_TRIGGER,
    DEFAULT_SENDER,
    Campaign,
    Content,
    content_of,
)
from sendproof_simulators.services.xtremepush.responses import MethodResult, method
from sendproof_simulators.services.xtremepush.state import State

TIMER = "execution"
_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)(:\d\d)?(?: (?:UTC|GMT|\+00:00))?")
_NO_PARAMS: Mapping[str, object] = {}


@method
def execute_campaign(call: Call) -> MethodResult:
    """Send a campaign: now, right after the call, or at its time.

    documented: https://docs.xtremepush.com/reference/campaign-execute
    """
    try:
        request, send_at = _execution_request(call)
    except ApiError as error:
        error.entries = tuple(_whole_call_rejections(call, error))
        raise
    value = {"model": {"id": request.id}}
    summary = {
        "campaign": request.campaign,
        "action": request.id,
        "targets": len(request.targets),
        **_sender_summary(call, request),
    }
    if send_at > call.now or _is_async(call):
        timer = Timer(at=send_at, name=TIMER, payload=request)
        return MethodResult(value=value, effects=Effects(timers=(timer,), summary=summary))
    effects = execute(call.context, call.state, request, call.now)
    return MethodResult(value=value, effects=replace(effects, summary=summary))


def _sender_summary(call: Call, request: ExecutionRequest) -> dict[str, str]:
    """Return the sender of an SMS, and the campaign's own; other messages have none."""
    if request.message != SMS:
        return {}
    own = campaign_by_id(call.state, request.campaign).content.sender
    return {"sender": request.sender, "default_sender": own or DEFAULT_SENDER}


def _whole_call_rejections(call: Call, error: ApiError) -> Iterator[JournalEntry]:
    """Yield a rejection for each target of a refused call that names users."""
    profiles = call.state.profiles
    campaign = call.state.campaigns.get(int(str(call.body["id"])))
    message = None if campaign is None else campaign.message
    if (call.body.get("target_by") or call.context.dialects["target_by"]) == "id":
        return
    for identifier in map(plain_value, [*call.body.get("target", ()), *call.body.get("target_with_params", ())]):
        profile = profiles.by_user_id(identifier)
        number = "" if profile is None else profile.mobile_number
        yield rejection_entry(
            number, "", str(error), message=message, customer=identifier, code=error.code, whole_call=True
        )


def _execution_request(call: Call) -> tuple[ExecutionRequest, Instant]:
    """Return the checked request and its send time; raise `ApiError` for an invalid call."""
    state: State = call.state
    body = call.body
    campaign = campaign_by_id(state, body["id"])
    by_user, targets = _targets(call)
    send_at = _send_time(call)
    content = _content(campaign, body)
    params = body.get("params", {})
    request = ExecutionRequest(
        id=state.ids.draw("action", body, state.executions),
        campaign=campaign.id,
        message=campaign.message,
        heading=content.heading,
        text=content.text,
        payload=_payload(body),
        sender="" if campaign.message != SMS else content.sender or DEFAULT_SENDER,
        external_id=plain_value(params.get("external_message_id")),
        params=params,
        by_user=by_user,
        targets=targets,
        creates_profiles=call.value("target_existing_only") == 0,
    )
    return request, send_at


def _targets(call: Call) -> tuple[bool, Sequence[tuple[str, Mapping[str, object]]]]:
    """Return True if users identify the targets, and the targets, each with its own variables."""
    state: State = call.state
    body = call.body
    if ("target" in body) == ("target_with_params" in body):
        raise invalid_field("target", "expected either target or target_with_params")
    target_by = body.get("target_by") or call.context.dialects["target_by"]
    if "target" in body:
        targets = [(plain_value(identifier), _NO_PARAMS) for identifier in body["target"]]
    else:
        targets = list(body["target_with_params"].items())
    limit = state.limits.targets
    if len(targets) > limit:
        raise invalid_field("target", f"expected at most {limit} targets, got {len(targets)}")
    return target_by != "id", targets


def _content(campaign: Campaign, body: Mapping[str, Any]) -> Content:
    """Return the content of a campaign, with what the call overrides."""
    if campaign.trigger != API_TRIGGER:
        raise invalid_field("id", f"campaign {campaign.id} is not triggered by the API (trigger {API_TRIGGER})")
    own, override = campaign.content, content_of(campaign.message, body.get("messages", {}))
    has_push_content = campaign.message not in {SMS, EMAIL}
    common = {"heading": body.get("push_title") or "", "text": body.get("push_text") or ""} if has_push_content else {}
    content = Content(
        heading=override.heading or common.get("heading", "") or own.heading,
        text=override.text or common.get("text", "") or own.text,
        sender=override.sender or own.sender,
    )
    if not content.text.strip():
        raise invalid_field("id", f"campaign {campaign.id} has no content of a type that is simulated")
    return content


def _payload(body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the keys and values that the call adds for the app, such as a link."""
    return tuple((plain_value(pair["key"]), plain_value(pair["value"])) for pair in body.get("payload_add") or ())


def _is_async(call: Call) -> bool:
    is_given = call.body.get("async") is not None
    return bool(call.value("async")) and (is_given or call.context.dialects["execution"] == "async")


def _send_time(call: Call) -> Instant:
    """Return the instant of the execution. A time without seconds means that whole minute."""
    time = call.body.get("time")
    if time is None:
        return call.now
    at, precision = (time * SECOND, SECOND) if isinstance(time, int) else _parsed_time(time)
    if at <= call.now - precision:
        raise invalid_field("time", f"expected a time in the future, got {time!r}")
    return max(at, call.now)


def _parsed_time(text: str) -> tuple[Instant, int]:
    """Return the instant of a text, and its precision in milliseconds."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise _invalid_time(text)
    day, minute, second = match.groups()
    try:
        return parse_iso(f"{day}T{minute}{second or ':00'}Z"), SECOND if second else MINUTE
    except ValueError as error:
        raise invalid_field("time", str(error)) from None


def _invalid_time(text: str) -> ApiError:
    return invalid_field("time", f"expected a time such as 2026-03-02 09:00 UTC, or a Unix time, got {text!r}")
