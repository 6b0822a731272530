"""The customers to whom the project itself sends nothing: suppressed, outside a segment, or without an inbox."""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.audience.recipients import NO_DEVICE
from sendproof_simulators.core.clock.wall_clock import parse_iso
from sendproof_simulators.core.messaging.message_types import INBOX
from sendproof_simulators.core.simulator import Exclusion, SandboxContext
from sendproof_simulators.services.xtremepush.project.segments import is_outside_segment
from sendproof_simulators.services.xtremepush.project.suppression import is_excluded_by_sync
from sendproof_simulators.services.xtremepush.state import State

OUTSIDE_SEGMENT, SUPPRESSED = "outside_segment", "suppressed"


def needs_device_for_inbox(context: SandboxContext) -> bool:
    """Return True if only users with a device or a browser get inbox messages."""
    return context.dialects["inbox_users"] == "devices"


def exclusion(context: SandboxContext, state: State) -> Exclusion | None:
    """Return a function from an obligation to the reason why its customer gets nothing; None if there is no reason."""
    if not state.settings.segments and not state.syncs and not needs_device_for_inbox(context):
        return None

    def reason(obligation: Mapping[str, Any]) -> str | None:
        customer = obligation["customer"]
        if is_outside_segment(context, state.settings, obligation["template"], customer):
            return OUTSIDE_SEGMENT
        if _lacks_inbox(context, state, obligation["template"], customer):
            return NO_DEVICE
        index = context.customers.index_of(customer)
        at = parse_iso(obligation["due"])
        return SUPPRESSED if index is not None and is_excluded_by_sync(context, state, index, at) else None

    return reason


def _lacks_inbox(context: SandboxContext, state: State, campaign: int, customer: str) -> bool:
    found = state.campaigns.get(campaign)
    is_inbox = found is not None and found.message == INBOX
    return is_inbox and needs_device_for_inbox(context) and not state.profiles.has_inbox(customer)
