"""A simulator of Optimove's channel-integration API. README.md explains its quirks."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects, JournalEntry, Timer
from sendproof_simulators.core.randomness import KeyedRandom
from sendproof_simulators.core.simulator import Campaigns, SandboxContext, Simulator, Triggers
from sendproof_simulators.services.optimove import auth, errors, events, handlers, state_view
from sendproof_simulators.services.optimove.campaigns import lifecycle, obligations, report
from sendproof_simulators.services.optimove.customers import attribute_updates, subscriptions
from sendproof_simulators.services.optimove.dialects.events import EVENT_DIALECTS
from sendproof_simulators.services.optimove.dialects.functions import FUNCTION_DIALECTS
from sendproof_simulators.services.optimove.key_admin import KEYS
from sendproof_simulators.services.optimove.limits import read_limits
from sendproof_simulators.services.optimove.state import State
from sendproof_simulators.services.optimove.triggers import processing


def _new_credentials(random: KeyedRandom, sandbox: str) -> dict[str, str]:
    secrets = {name: random.token(40, "optimove", name, sandbox) for name in ("api_key", "admin_key", "password")}
    return {**secrets, "username": f"{sandbox}@sendproof"}


# The action of each timer: (context, state, payload of the timer, now).
_TIMER_ACTIONS: Mapping[str, Callable[[SandboxContext, State, Any, Instant], Effects]] = {
    attribute_updates.ATTRIBUTE_ADDED: attribute_updates.finish_attribute,
    attribute_updates.ATTRIBUTES_UPDATED: attribute_updates.finish_update,
    lifecycle.PROCESS: lifecycle.process,
    lifecycle.CLEAR: lifecycle.end_clearance,
    lifecycle.CANCEL: lifecycle.cancel_as_planned,
    lifecycle.NIGHT: lifecycle.run_night,
    lifecycle.NIGHT_PROCESSED: lifecycle.announce_all_processed,
    lifecycle.NIGHT_FINISHED: lifecycle.announce_night_finished,
    processing.CUSTOMER_EVENT: processing.process_event,
}


def _on_timer(context: SandboxContext, state: State, timer: Timer, now: Instant) -> Effects:
    if timer.name not in _TIMER_ACTIONS:
        raise LookupError(f"no timer named {timer.name!r} is known here")
    return _TIMER_ACTIONS[timer.name](context, state, timer.payload, now)


def _campaign_json(state: State, campaign: int) -> dict[str, object]:
    return state.campaign_in_any_state(campaign).json_view()


def _channel_templates(state: State, channel: int) -> tuple[tuple[int, str], ...]:
    return tuple(sorted(state.templates.get(channel, {}).items()))


def _overview_json(state: State) -> dict[str, object]:
    listeners = [
        {"event_type": event, "channel": channel, "url": url} for event, channel, url in state.sorted_listeners()
    ]
    templates = {
        str(channel): [{"id": id_, "name": name} for id_, name in sorted(names.items())]
        for channel, names in state.templates.items()
    }
    apps = {str(channel): sorted(apps) for channel, apps in state.apps.items() if apps}
    return {"listeners": listeners, "channel_templates": templates, "channel_apps": apps}


def _expectations(context: SandboxContext, state: State) -> Iterator[tuple[Instant, JournalEntry]]:
    """Yield (instant, entry) of scheduled campaigns in the order of their announcement, and then of triggers.

    A customer of a campaign has the state at its announcement, when a bridge reads it.
    """
    known = [
        (campaign.announced_at or campaign.processed_at or 0, campaign.plan.campaign, campaign)
        for campaign in state.campaigns.values()
        if campaign.is_known_to_bridge
    ]
    for since, _, campaign in sorted(known, key=lambda item: item[:2]):
        for entry in obligations.expectations(state.records, since, campaign):
            yield since, entry
    yield from processing.expectations(context, state)


def _campaign_states(state: State) -> list[tuple[int, str]]:
    return [(id_, campaign.state) for id_, campaign in state.campaigns.items()]


def _obligations_of_customers(
    context: SandboxContext, state: State, now: Instant
) -> Callable[[int], list[Mapping[str, Any]]]:
    """Return a function from a customer's index to the obligations: of scheduled campaigns, then of triggers."""
    triggered = processing.obligations_of_customers(context, state)

    def obligations_of(index: int) -> list[Mapping[str, Any]]:
        campaigns = (campaign for campaign in state.campaigns.values() if index in campaign.target_group)
        scheduled = (
            fields
            for campaign in campaigns
            for fields in obligations.obligations_of_customer(state.records, now, campaign, index)
        )
        return [*scheduled, *triggered(index)]

    return obligations_of


SIMULATOR = Simulator(
    name="optimove",
    contract="optimove.yaml",
    handlers=handlers,
    new_state=State,
    credentials=_new_credentials,
    default_credentials={
        "api_key": "sendproof-optimove-key",
        "admin_key": "sendproof-optimove-admin-key",
        "username": "sendproof",
        "password": "sendproof-optimove-password",
    },
    extract_credential=auth.presented_credential,
    public=frozenset({"username", "password"}),
    extra_credentials=lambda credentials: (auth.login_credential(credentials["username"]),),
    refused_credentials=lambda state, now: state.credentials.refused(now),
    authorize=lambda state, request, credential, now: auth.authorize(state.credentials, request, credential, now),
    normalise=auth.normalise,
    error=errors.error_response,
    begin=lifecycle.begin,
    on_timer=_on_timer,
    events=(*events.EVENT_NAMES, attribute_updates.ATTRIBUTE_ADDED, attribute_updates.ATTRIBUTES_UPDATED),
    webhook_contract="listener.yaml",
    # Paths match in any case, and /current is optional: observed, clients use all forms on one host.
    case_insensitive=True,
    optional_prefix="/current",
    read_limits=read_limits,
    dialects=(*FUNCTION_DIALECTS, *EVENT_DIALECTS),
    batch=subscriptions.import_batch_file,
    keys=KEYS,
    overview=state_view.state_json,
    campaigns=Campaigns(
        schedule=lifecycle.schedule,
        cancel=lifecycle.cancel,
        get=_campaign_json,
        all=report.list_campaigns,
        report=report.campaign_report,
        channel_templates=_channel_templates,
        overview=_overview_json,
        states=_campaign_states,
        obligations_of_customers=_obligations_of_customers,
        expectations=_expectations,
    ),
    triggers=Triggers(
        add=processing.add_trigger,
        all=processing.list_triggers,
        count=lambda state: len(state.triggers.plans),
        record=processing.record_events,
    ),
)
