"""The methods by name, as the contract names its operations."""

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.methods import (
    campaign_execution,
    campaigns,
    events,
    import_profiles,
    status_queries,
    tasks,
)
from sendproof_simulators.services.xtremepush.responses import answered


def list_campaign(call: Call) -> Effects:
    """Campaigns (observed: https://github.com/clientIO/appmixer-connectors)."""
    return answered(call, campaigns.list_campaign)


def info_campaign(call: Call) -> Effects:
    """One campaign (documented: https://docs.xtremepush.com/docs/api-data-monitor)."""
    return answered(call, campaigns.info_campaign)


def create_campaign(call: Call) -> Effects:
    """Make a campaign (documented: https://docs.xtremepush.com/reference/campaign-model)."""
    return answered(call, campaigns.create_campaign)


def execute_campaign(call: Call) -> Effects:
    """Send a campaign (documented: https://docs.xtremepush.com/reference/campaign-execute)."""
    return answered(call, campaign_execution.execute_campaign)


def import_profile(call: Call) -> Effects:
    """Many profiles (documented: https://docs.xtremepush.com/reference/user-profile-import)."""
    return answered(call, import_profiles.import_profile)


def info_task(call: Call) -> Effects:
    """One task (documented: https://docs.xtremepush.com/reference/task-methods)."""
    return answered(call, tasks.info_task)


def list_task(call: Call) -> Effects:
    """Tasks (documented: https://docs.xtremepush.com/reference/task-list)."""
    return answered(call, tasks.list_task)


def list_profile(call: Call) -> Effects:
    """Profiles (observed: https://github.com/clientIO/appmixer-connectors)."""
    return answered(call, status_queries.list_profile)


def list_push_devices(call: Call) -> Effects:
    """Messages by device (documented: https://docs.xtremepush.com/reference/push-list-device)."""
    return answered(call, status_queries.list_push_devices)


def list_message(call: Call) -> Effects:
    """Messages (observed: a TypeScript client that reads Xtremepush reports)."""
    return answered(call, status_queries.list_message)


def hit_event(call: Call) -> Effects:
    """An event (observed: a TypeScript sender of Xtremepush events and its tests)."""
    return answered(call, events.hit_event)
