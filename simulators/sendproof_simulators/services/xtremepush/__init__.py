"""A stateful simulator of Xtremepush: external API, webhooks, campaigns as templates, profiles and subscriptions."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, Timer
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import SandboxContext, Simulator
from sendproof_simulators.services.xtremepush import handlers
from sendproof_simulators.services.xtremepush.auth import extract_credential
from sendproof_simulators.services.xtremepush.dialects import DIALECTS
from sendproof_simulators.services.xtremepush.limits import read_limits
from sendproof_simulators.services.xtremepush.messages import sending, webhooks
from sendproof_simulators.services.xtremepush.messages.executions import message_status
from sendproof_simulators.services.xtremepush.methods import campaign_execution, import_profiles
from sendproof_simulators.services.xtremepush.project import suppression, tasks
from sendproof_simulators.services.xtremepush.project.exclusions import exclusion
from sendproof_simulators.services.xtremepush.project.templates import TEMPLATES
from sendproof_simulators.services.xtremepush.project.webhook_settings import SETTINGS
from sendproof_simulators.services.xtremepush.responses import problem_response
from sendproof_simulators.services.xtremepush.state import NAME, State, new_state

_TOKEN_LENGTH = 32
# documented, in Xtremepush's page on its Optimove integration: the channel "Xtremepush SMS" is for posting back
# subscriptions, and not for outbound campaigns.
_POST_BACK_CHANNEL = 444


def _credentials(random: KeyedRandom, sandbox: str) -> dict[str, str]:
    return {"apptoken": random.token(_TOKEN_LENGTH, NAME, "apptoken", sandbox)}


def _execute(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    if not isinstance(timer.payload, sending.ExecutionRequest):
        raise TypeError(f"expected the request of an execution, got {timer.payload!r}")
    effects = sending.execute(context, state, timer.payload, now)
    # The response was sent at the time of the call, so no webhook can come before it.
    return replace(effects, webhooks=(*effects.webhooks, *effects.before_response), before_response=())


def _import(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    del context
    return import_profiles.resume(state, timer, now)


_TIMER_HANDLERS: Mapping[str, Callable[[SandboxContext, State, Timer, Instant], Effects]] = {
    campaign_execution.TIMER: _execute,
    tasks.TIMER: _import,
    webhooks.TIMER: webhooks.resume,
    suppression.TIMER: suppression.sync,
}


def _on_timer(context: SandboxContext, state: Any, timer: Timer, now: Instant) -> Effects:
    return _TIMER_HANDLERS[timer.name](context, state, timer, now)


SIMULATOR = Simulator(
    name=NAME,
    contract="xtremepush.yaml",
    handlers=handlers,
    new_state=new_state,
    credentials=_credentials,
    default_credentials={"apptoken": "sendproof-xtremepush-token"},
    extract_credential=extract_credential,
    credential_place="apptoken in the JSON body",
    error=problem_response,
    on_timer=_on_timer,
    events=webhooks.EVENTS,
    webhook_contract="xtremepush-webhooks.yaml",
    read_limits=read_limits,
    dialects=DIALECTS,
    templates=TEMPLATES,
    settings=SETTINGS,
    exclusion=exclusion,
    message_status=lambda state, message, now: message_status(state.executions, message, now),
    post_back_only=frozenset({_POST_BACK_CHANNEL}),
)
