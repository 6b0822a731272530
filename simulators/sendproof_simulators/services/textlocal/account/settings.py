"""The settings that a user of the real Textlocal makes on its website. Here the control API makes them.

documented: an account-wide URL for receipts, https://api.txtlocal.com/docs/handlingreceipts; one URL per inbox,
https://api.txtlocal.com/docs/inboundmessages/postmessages; that a campaign can have translations which a custom field
chooses, and that the client imports its customers every day, the brochure Textlocal x Optimove. assumed: the form of
all of them.
"""

from collections.abc import Mapping

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant, first_instant
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import SandboxContext, Settings
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.textlocal.state import AccountSettings, State


def read(state: State) -> Mapping[str, object]:
    """Return all settings, and the remaining credits."""
    settings: dict[str, object] = msgspec.to_builtins(state.settings, str_keys=True)
    return settings | {"credits": state.credits}


def replace(context: SandboxContext, state: State, now: Instant, values: Mapping[str, object]) -> Effects:
    """Replace all settings, but keep the credits if `values` has none.

    Raise `ValueError` for invalid settings, and then change nothing.
    """
    del now
    without_credits = {name: value for name, value in values.items() if name != "credits"}
    try:
        settings = msgspec.convert(without_credits, AccountSettings, str_keys=True)
        credits_ = msgspec.convert(values.get("credits", state.credits), int)
    except msgspec.ValidationError as error:
        raise ValueError(f"settings of textlocal: {error}") from None
    if credits_ < 0:
        raise ValueError(f"settings of textlocal: expected credits of at least 0, got {credits_}")
    for day in settings.customer_import.first_known.values():
        first_instant(day)
    for url in filter(None, (settings.receipt_url, settings.inbound_url)):
        check_webhook_url(url, context.allow_remote_webhooks)
    state.settings, state.credits = settings, credits_
    return Effects()


SETTINGS = Settings(read=read, replace=replace)
