"""The customers to whom the project sends nothing, whatever the bridge does: suppressed, or outside a segment."""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import parse_iso
from sendproof_simulators.core.simulator import Exclusion, SandboxContext
from sendproof_simulators.services.xtremepush.project.segments import is_outside_segment
from sendproof_simulators.services.xtremepush.project.suppression import is_excluded_by_sync
from sendproof_simulators.services.xtremepush.state import State

OUTSIDE_SEGMENT, SUPPRESSED = "outside_segment", "suppressed"


def exclusion(context: SandboxContext, state: State) -> Exclusion | None:
    """Return a function from an obligation to the reason why its customer gets nothing; None if there is no reason."""
    if not state.settings.segments and not state.syncs:
        return None

    def reason(obligation: Mapping[str, Any]) -> str | None:
        customer = obligation["customer"]
        if is_outside_segment(context, state.settings, obligation["template"], customer):
            return OUTSIDE_SEGMENT
        index = context.customers.index_of(customer)
        at = parse_iso(obligation["due"])
        return SUPPRESSED if index is not None and is_excluded_by_sync(context, state, index, at) else None

    return reason
