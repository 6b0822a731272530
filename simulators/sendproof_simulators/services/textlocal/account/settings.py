"""What the user of the real Textlocal sets on its website; here, through the control API.

documented: an account-wide address for receipts, https://api.txtlocal.com/docs/handlingreceipts; one for each inbox,
https://api.txtlocal.com/docs/inboundmessages/postmessages; that a campaign can hold translations which are chosen by a
custom field, the brochure Textlocal x Optimove. assumed: the form of all of them.
"""

from collections.abc import Mapping

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import SandboxContext, Settings
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.textlocal.state import AccountSettings, State


def read(state: State) -> Mapping[str, object]:
    """All settings, and the credits that are left."""
    found: dict[str, object] = msgspec.to_builtins(state.settings, str_keys=True)
    return found | {"credits": state.credits}


def replace(context: SandboxContext, state: State, now: Instant, given: Mapping[str, object]) -> Effects:
    """New settings; credits that are not given stay as they are. `ValueError` says what was expected."""
    del now
    rest = {name: value for name, value in given.items() if name != "credits"}
    try:
        settings = msgspec.convert(rest, AccountSettings, str_keys=True)
        credits_ = msgspec.convert(given.get("credits", state.credits), int)
    except msgspec.ValidationError as error:
        raise ValueError(f"settings of textlocal: {error}") from None
    if credits_ < 0:
        raise ValueError(f"settings of textlocal: expected credits from 0 on, got {credits_}")
    for url in filter(None, (settings.receipt_url, settings.inbound_url)):
        check_webhook_url(url, context.allow_remote_webhooks)
    state.settings, state.credits = settings, credits_
    return Effects()


SETTINGS = Settings(read=read, replace=replace)
