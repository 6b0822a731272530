"""A simulator of Optimove's channel-integration API. What is odd about it, and why: README.md beside this file."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import HOUR, SECOND, Instant
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Campaigns, RateLimit, SandboxContext, Simulator, Triggers
from sendproof_simulators.services.optimove import auth, errors, events, handlers, state_view
from sendproof_simulators.services.optimove.campaigns import lifecycle, report
from sendproof_simulators.services.optimove.campaigns.campaign import expectations
from sendproof_simulators.services.optimove.customers import attribute_updates, subscriptions
from sendproof_simulators.services.optimove.dialects.events import EVENT_DIALECTS
from sendproof_simulators.services.optimove.dialects.functions import FUNCTION_DIALECTS
from sendproof_simulators.services.optimove.key_admin import KEYS
from sendproof_simulators.services.optimove.state import State
from sendproof_simulators.services.optimove.triggers import processing


def _credentials(random: KeyedRandom, sandbox: str) -> dict[str, str]:
    drawn = {name: random.token(40, "optimove", name, sandbox) for name in ("api_key", "admin_key", "password")}
    return {**drawn, "username": f"{sandbox}@sendproof"}


# What happens at an instant that the simulator asked to be told of: (world, state, payload of the timer, now).
_TIMERS: Mapping[str, Callable[[SandboxContext, State, Any, Instant], Effects]] = {
    attribute_updates.ATTRIBUTE_ADDED: attribute_updates.finish_attribute,
    attribute_updates.ATTRIBUTES_UPDATED: attribute_updates.end_update,
    lifecycle.PROCESS: lifecycle.process,
    lifecycle.CLEAR: lifecycle.clear,
    lifecycle.CANCEL: lifecycle.cancel_if_not_yet,
    lifecycle.NIGHT: lifecycle.run_night,
    lifecycle.NIGHT_PROCESSED: lifecycle.tell_processed,
    lifecycle.NIGHT_FINISHED: lifecycle.tell_finished,
    processing.REPORT: processing.happen,
}


def _on_timer(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    if timer.name not in _TIMERS:
        raise LookupError(f"no timer named {timer.name!r} is known here")
    return _TIMERS[timer.name](context, state, timer.payload, now)


def _get(state: State, campaign: int) -> dict[str, object]:
    return state.planned(campaign).view()


def _channel_templates(state: State, channel: int) -> tuple[tuple[int, str], ...]:
    return tuple(sorted(state.templates.get(channel, {}).items()))


def _overview(state: State) -> dict[str, object]:
    listeners = [
        {"event_type": event, "channel": channel, "url": url} for event, channel, url in state.sorted_listeners()
    ]
    templates = {
        str(channel): [{"id": id_, "name": name} for id_, name in sorted(named.items())]
        for channel, named in state.templates.items()
    }
    return {"listeners": listeners, "channel_templates": templates}


def _expectations(context: SandboxContext, state: State) -> Iterator[tuple[Instant, JournalEntry]]:
    """What a bridge was told of customers is what was known of them when their campaign was announced."""
    del context
    known = [(c.announced_at or c.processed_at or 0, c) for c in state.campaigns.values() if c.known]
    for since, campaign in sorted(known, key=lambda pair: (pair[0], pair[1].plan.campaign)):
        for entry in expectations(state.records.seen_at(since), campaign):
            yield since, entry
    yield from processing.expectations(state)


SIMULATOR = Simulator(
    name="optimove",
    contract="optimove.yaml",
    handlers=handlers,
    new_state=State,
    credentials=_credentials,
    default_credentials={
        "api_key": "sendproof-optimove-key",
        "admin_key": "sendproof-optimove-admin-key",
        "username": "sendproof",
        "password": "sendproof-optimove-password",
    },
    extract_credential=auth.presented_credential,
    public=frozenset({"username", "password"}),
    extra_credentials=lambda credentials: (auth.login_credential(credentials["username"]),),
    authorize=lambda state, request, shown, now: auth.authorize(state.access, request, shown, now),
    normalise=auth.at_host,
    error=errors.error,
    begin=lifecycle.begin,
    on_timer=_on_timer,
    events=(*events.TYPES, attribute_updates.ATTRIBUTE_ADDED, attribute_updates.ATTRIBUTES_UPDATED),
    # Paths are case-insensitive and /current is optional: observed, clients use every form on one host.
    case_insensitive=True,
    optional_prefix="/current",
    # documented: https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove, and an older page
    rate_limit=(
        RateLimit(requests=50, window_ms=10 * SECOND, when=("rate_limit", "50_in_10_s")),
        RateLimit(requests=2_000, window_ms=HOUR, when=("rate_limit", "2000_in_1_h")),
    ),
    dialects=(*FUNCTION_DIALECTS, *EVENT_DIALECTS),
    batch=subscriptions.take_in_file,
    keys=KEYS,
    overview=state_view.of,
    campaigns=Campaigns(
        plan=lifecycle.plan,
        cancel=lifecycle.cancel,
        get=_get,
        all=report.everything,
        report=report.of,
        channel_templates=_channel_templates,
        overview=_overview,
        expectations=_expectations,
    ),
    triggers=Triggers(add=processing.add, all=processing.everything, report=processing.report),
)
