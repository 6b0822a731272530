"""The settings of a project through the control API."""

from collections.abc import Mapping

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import SandboxContext, Settings
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.xtremepush.project.settings import Connection, Signed, settings_from_json
from sendproof_simulators.services.xtremepush.project.suppression import next_sync
from sendproof_simulators.services.xtremepush.state import NAME, State, Sync

_SECRET_LENGTH = 64


def _read(state: State) -> Mapping[str, object]:
    settings: Mapping[str, object] = msgspec.to_builtins(state.settings)
    return settings


def _replace(context: SandboxContext, state: State, now: Instant, values: Mapping[str, object]) -> Effects:
    settings = settings_from_json(values)
    webhooks = tuple(
        _checked_connection(context, index, connection) for index, connection in enumerate(settings.webhooks)
    )
    if settings.suppression != state.settings.suppression:
        state.syncs.append(Sync(now, None))
    state.settings = msgspec.structs.replace(settings, webhooks=webhooks)
    state.settings_version += 1
    return Effects(timers=next_sync(state, now))


def _checked_connection(context: SandboxContext, index: int, connection: Connection) -> Connection:
    """Return the connection with a checked URL, and with a generated secret if it needs one."""
    try:
        url = check_webhook_url(connection.url, context.allow_remote_webhooks)
    except ValueError as error:
        raise ValueError(f"webhooks[{index}].url: {error}") from None
    authentication = connection.authentication
    if isinstance(authentication, Signed) and authentication.secret is None:
        authentication = Signed(secret=context.random.token(_SECRET_LENGTH, NAME, "secret", index))
    return Connection(url=url, authentication=authentication, events=connection.events)


SETTINGS = Settings(read=_read, replace=_replace)
