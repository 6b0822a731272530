"""The settings of an account: where the mail to envelope senders goes. assumed, as an inbound route of many relays."""

from collections.abc import Mapping

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import SandboxContext, Settings
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.smtp.state import State

_INBOUND_URL = "inbound_url"


def read(state: State) -> Mapping[str, object]:
    """Return all settings."""
    return {_INBOUND_URL: state.inbound_url}


def replace(context: SandboxContext, state: State, now: Instant, values: Mapping[str, object]) -> Effects:
    """Replace all settings; raise `ValueError` for invalid ones, and then change nothing."""
    del now
    unknown = sorted(values.keys() - {_INBOUND_URL})
    if unknown:
        raise ValueError(f"expected only {_INBOUND_URL}, got {', '.join(unknown)}")
    url = values.get(_INBOUND_URL)
    if url is not None and not isinstance(url, str):
        raise ValueError(f"{_INBOUND_URL}: expected text or null, got {url!r:.100}")
    state.inbound_url = None if url is None else check_webhook_url(url, context.allow_remote_webhooks)
    return Effects()


SETTINGS = Settings(read=read, replace=replace)
