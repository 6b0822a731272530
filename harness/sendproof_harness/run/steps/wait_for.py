"""The step `wait_for`: real time passes, and a little virtual time if the bridge is idle before it is ready."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from time import monotonic
from typing import Any

import msgspec

from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.pacing.paced_scenario import forecast
from sendproof_harness.run.pacing.start_limit import StartLimit
from sendproof_harness.run.processes import pause
from sendproof_harness.run.steps.template_lists import template_differences
from sendproof_harness.run.time_control import at_rest
from sendproof_harness.scenario.model import DefineTrigger, PlanCampaign, Scenario, WaitFor
from sendproof_harness.scenario.values import duration_text, pluralized

# A bridge that takes part in the clock joins it moments after it has registered its listener.
JOIN_S = 3.0
# A bridge that was not ready after this time, and is no participant, gets time that passes by itself.
_ABSENT_AFTER_S = 10.0
# Optimove's event types: a campaign is processed, a customer meets a trigger, a campaign is executed on a channel.
CAMPAIGN_PROCESSED, TRIGGERED, CAMPAIGN_EXECUTED = 1, 11, 13
# The virtual time of a wait_for, in steps: a bridge may have to respect a rate limit, or read templates periodically.
WAIT_STEP = timedelta(minutes=1)
WAIT_LIMIT = timedelta(hours=1)
# Of that, for single channels that have no listener yet: enough for a bridge to repeat a registration that failed.
LISTENERS_LIMIT = timedelta(minutes=10)

_POLL_S = 0.05
_SHOW_EVERY_S = 1.0
# Enough to see the kinds of mistakes.
_SHOWN_REQUESTS = 5


def wait_for(context: RunContext, step: WaitFor) -> None:
    """Wait until the bridge is ready for every client and takes part in the clock; otherwise `RunAbortedError`."""
    context.progress.phase(f"waiting for the bridge: {_condition_text(context, step)}")
    began, waited = monotonic(), timedelta()
    limit, show_at = StartLimit(limit_s=context.timeout_s), began + _SHOW_EVERY_S
    while True:
        context.check_bridge()
        # The clock first: once the bridge is idle, the state that is read afterwards is final.
        is_idle = context.time.at_rest()
        is_ready = all(_is_ready(context, sandbox, step) for sandbox in context.sandboxes)
        if is_ready and not (step.listeners and unregistered(context)):
            break
        limit_of_wait = LISTENERS_LIMIT if is_ready else WAIT_LIMIT
        if is_idle and waited < limit_of_wait and not (is_ready and _is_campaign_near(context)):
            context.time.advance(WAIT_STEP)
            waited += WAIT_STEP
        elif is_idle or limit.left_s == 0:
            if is_ready:
                # The judge names the channel without a listener; the other channels can still be judged.
                break
            if not (is_idle or _is_missing(context)):
                limit.check_machine()
            raise RunAbortedError(_not_ready(context, step, waited))
        else:
            _let_time_pass_for_absent(context, began)
            if monotonic() >= show_at:
                context.progress.wait_for(_wait_text(context, limit.left_s))
                show_at = monotonic() + _SHOW_EVERY_S
            pause(_POLL_S)
    join(context)


def _wait_text(context: RunContext, left_s: float) -> str:
    """Return what the bridge has done so far, and how long the run still waits."""
    states = [context.control.state(sandbox) for sandbox in context.sandboxes]
    listeners = sum(len(state["listeners"]) for state in states)
    templates = sum(map(_template_count, states))
    requests = sum(int(state["counts"].get("request", 0)) for state in states)
    so_far = [pluralized(listeners, "listener"), pluralized(templates, "template"), pluralized(requests, "request")]
    return f"so far {', '.join(so_far)}; gives up in {left_s:.0f} s"


def _let_time_pass_for_absent(context: RunContext, began: float) -> None:
    """Let time pass by itself for a bridge outside virtual time: it may wait for a rate limit."""
    is_absent = not context.bridge.must_join_clock and not context.participants()
    is_due = monotonic() > began + _ABSENT_AFTER_S and _request_count(context) > 0
    if context.time.rate is None and not context.time.is_paced and (is_due or not is_absent):
        context.time.let_pass(passes=is_absent)


def unregistered(context: RunContext) -> list[tuple[int, int]]:
    """Return event type and channel of each listener that the scenario needs, and that no client has yet."""
    needed = dict.fromkeys(_needed_listeners(context.scenario))
    missing: dict[tuple[int, int], None] = {}
    for sandbox in context.sandboxes:
        listeners = context.control.state(sandbox)["listeners"]
        registered = {(listener["event_type"], listener["channel"]) for listener in listeners}
        missing |= {(event, channel): None for event, channel in needed if not _covers(registered, event, channel)}
    return list(missing)


def _needed_listeners(scenario: Scenario) -> Iterator[tuple[int, int]]:
    """Yield event type and channel of each campaign and trigger that a step starts."""
    planned = {step.campaign for step in scenario.steps if isinstance(step, PlanCampaign)}
    defined = {step.trigger for step in scenario.steps if isinstance(step, DefineTrigger)}
    for campaign in scenario.campaigns:
        if campaign.campaign in planned:
            yield from ((CAMPAIGN_EXECUTED, part.channel) for part in campaign.parts)
    yield from ((TRIGGERED, trigger.channel) for trigger in scenario.triggers if trigger.trigger in defined)


def _covers(registered: Collection[tuple[int, int | None]], event: int, channel: int) -> bool:
    """Return True if a listener gets these events: of this channel or of all, and for campaigns of either event."""
    events = (CAMPAIGN_PROCESSED, CAMPAIGN_EXECUTED) if event == CAMPAIGN_EXECUTED else (event,)
    return any((registered_event, of) in registered for registered_event in events for of in (channel, None))


def _is_campaign_near(context: RunContext) -> bool:
    """Return True if another step of waiting would pass the announcement of a campaign."""
    announced = [campaign.announced for campaign in context.scenario.campaigns if campaign.announced is not None]
    return any(at <= context.time.now() + WAIT_STEP for at in announced)


def join(context: RunContext) -> None:
    """Wait until the bridge takes part in the clock and is idle. A clock that runs by itself needs no participant."""
    if context.time.rate is not None or context.time.is_paced:
        return
    limit, requests_before = _join_limit(context), _request_count(context)
    # One snapshot decides: a bridge that joins between two looks at the clock must not be taken for an absent one.
    while not context.participants(clock := context.clock()):
        context.check_bridge()
        if clock["participants"] and at_rest(clock):
            # The bridge was killed: only the harness is parked, until the bridge has been down for long enough.
            context.time.advance(WAIT_STEP)
        elif (requests_now := _request_count(context)) != requests_before:
            # The bridge is still at work, so it had no reason to park yet.
            limit, requests_before = _join_limit(context), requests_now
        elif limit.left_s == 0:
            if context.bridge.must_join_clock:
                limit.check_machine()
            _accept_absence(context)
            return
        pause(_POLL_S)
    context.time.let_pass(passes=False)
    context.time.advance(timedelta())


def _join_limit(context: RunContext) -> StartLimit:
    """Return the limit for a bridge that makes no request to join the clock."""
    return StartLimit(limit_s=context.timeout_s if context.bridge.must_join_clock else JOIN_S)


def _request_count(context: RunContext) -> int:
    """Return how many requests have reached the services so far."""
    return sum(int(context.control.state(sandbox)["counts"].get("request", 0)) for sandbox in context.sandboxes)


def _accept_absence(context: RunContext) -> None:
    """Print that the bridge is no participant of the clock; abort the run if it must be one."""
    if context.bridge.must_join_clock:
        raise RunAbortedError(
            RunAborted(
                blame="bridge",
                reason="unready",
                cause="the bridge did not join the virtual clock",
                expected=f"a bridge that parks at its clock_url within {context.timeout_s:.0f} s",
                got="no park",
            )
        )
    context.time.pace()
    context.note_once(
        "Your bridge does not use the virtual clock (clock_url of the handover file).\n"
        "The run waits for outstanding work in real time (clock rate 1), and jumps otherwise.\n"
        f"It takes {forecast(context.scenario)}.\n"
        "Send times and the pace of reports stay unknown. To have them judged, use the virtual clock, or --clock-rate 1"
        " with a short scenario."
    )


def _is_ready(context: RunContext, sandbox: str, step: WaitFor) -> bool:
    state = context.control.state(sandbox)
    enough = _listener_count(context, state) >= step.listeners and _template_count(state) >= step.templates
    has_apps = _needed_apps(context.scenario) <= _listed_apps(state)
    return enough and has_apps and (not step.synchronised or not template_differences(context, sandbox))


def _listener_count(context: RunContext, state: Mapping[str, Any]) -> int:
    """Return the number of listeners, where one for the campaigns or triggers of all channels counts for each."""
    channels = len(context.scenario.channels)
    return sum(channels if _is_general(listener) else 1 for listener in state["listeners"])


def _is_general(listener: Mapping[str, Any]) -> bool:
    return listener["channel"] is None and listener["event_type"] in {CAMPAIGN_PROCESSED, TRIGGERED, CAMPAIGN_EXECUTED}


def _needed_apps(scenario: Scenario) -> set[tuple[str, str]]:
    """Return channel and id of the apps of all campaigns: Optimove refuses a campaign with an unknown one."""
    parts = (part for campaign in scenario.campaigns for part in campaign.parts)
    return {(str(part.channel), part.app) for part in parts if part.app is not None}


def _listed_apps(state: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(channel, app) for channel, apps in state["channel_apps"].items() for app in apps}


def _template_count(state: Mapping[str, Any]) -> int:
    return sum(len(templates) for templates in state["channel_templates"].values())


def _condition_text(context: RunContext, step: WaitFor) -> str:
    if step.synchronised and not (step.listeners or step.templates):
        return "its templates to be synchronized"
    parts = [pluralized(step.listeners, "listener"), pluralized(step.templates, "template")]
    if apps := _needed_apps(context.scenario):
        parts.append(f"{pluralized(len(apps), 'app')} (AddChannelApps)")
    return ", ".join([*parts, "all synchronized"] if step.synchronised else parts)


def _not_ready(context: RunContext, step: WaitFor, waited: timedelta) -> RunAborted:
    unauthenticated = context.unauthenticated_requests()
    got = "; ".join(_state_text(context, sandbox, step) for sandbox in context.sandboxes)
    usable = _request_count(context)
    is_silent = not unauthenticated and not usable
    refused = [*unauthenticated, *_refused_requests(context)]
    if refused:
        got += f"; {_requests_text(refused, usable + len(unauthenticated))}"
    if context.bridge.is_started_by_run:
        got += ("\n" if refused else "; ") + context.bridge.log_excerpt()
    within = f"{duration_text(waited)} of virtual time" if waited else f"{context.timeout_s:.0f} s"
    if context.time.is_paced:
        return RunAborted(
            reason="unobserved",
            blame="config",
            cause="a bridge outside virtual time was not seen to synchronize its templates",
            expected=f"{_condition_text(context, step)} within {within}; use the virtual clock, or a longer --timeout",
            got=got,
        )
    if is_silent and not context.bridge.is_started_by_run:
        return _absent(context, f"{_condition_text(context, step)} within {within}")
    return RunAborted(
        blame="config" if unauthenticated or not context.bridge.is_started_by_run else "bridge",
        reason="unready",
        cause="the bridge did not become ready: it made no request" if is_silent else "the bridge did not become ready",
        expected=f"{_condition_text(context, step)} within {within}",
        got=got,
        remedy=_SILENT_REMEDY if is_silent else "",
        unregistered=tuple(unregistered(context)) if step.listeners else (),
    )


_SILENT_REMEDY = (
    "call the `services` of the handover file, whose path is in the environment variable SENDPROOF_HANDOVER"
)


def _is_missing(context: RunContext) -> bool:
    """Return True if nothing listens at the URL of a bridge that the run did not start: no machine is to blame."""
    return not context.bridge.is_started_by_run and not context.bridge.listens()


def _absent(context: RunContext, expected: str) -> RunAborted:
    """Return the end of a run without a bridge: the one of --bridge made no request."""
    url, listens = context.bridge.url, context.bridge.listens()
    return RunAborted(
        blame="config",
        reason="absent",
        cause="the bridge never registered: " + ("it made no request" if listens else f"nothing listens at {url}"),
        expected=expected,
        got="no request" + ("" if listens else f", and no server at {url}"),
        remedy=f"let the bridge read {context.bridge.handover_file} and call its `services`"
        if listens
        else f"start the bridge at {url} and let it read {context.bridge.handover_file}, or use --command",
    )


def _refused_requests(context: RunContext) -> Iterator[Mapping[str, Any]]:
    """Yield the requests with a credential of the sandbox that a service refused, or that were meant otherwise."""
    for sandbox in context.sandboxes:
        for line in context.control.journal(sandbox, 0).splitlines():
            entry = msgspec.json.decode(line)
            # The status of other kinds is a word, such as that of a delivery.
            if entry["kind"] == "request" and (
                (entry.get("status") or 0) >= HTTPStatus.BAD_REQUEST or "differs" in entry
            ):
                yield entry


def _requests_text(refused: Sequence[Mapping[str, Any]], total: int) -> str:
    """Return how many requests could not be used, and a line for each different one."""
    unusable = "none usable" if len(refused) == total else f"{len(refused)} of them not usable"
    lines = dict.fromkeys(
        f"{request['method']} {request['path']} to {request['service']}: "
        + str(request.get("differs") or f"status {request.get('status')}")
        for request in refused
    )
    shown = [*lines][:_SHOWN_REQUESTS]
    more = [f"and {len(lines) - len(shown)} others"] if len(lines) > len(shown) else []
    return "\n  ".join([f"{pluralized(total, 'request')} came, {unusable}:", *shown, *more])


def _state_text(context: RunContext, sandbox: str, step: WaitFor) -> str:
    state = context.control.state(sandbox)
    parts = [pluralized(len(state["listeners"]), "listener"), pluralized(_template_count(state), "template")]
    missing = sorted(_needed_apps(context.scenario) - _listed_apps(state))
    parts += [f"app {app} missing from channel {channel}" for channel, app in missing]
    if step.synchronised:
        parts += template_differences(context, sandbox)
    return ", ".join(parts)
