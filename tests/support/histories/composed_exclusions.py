"""The customers of a composed history whom the provider itself leaves out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import msgspec

from sendproof_harness.run.sandboxes import segment_settings
from sendproof_harness.scenario.customer_selection import CustomerIds
from sendproof_harness.scenario.model import Scenario
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.xtremepush import SIMULATOR
from sendproof_simulators.services.xtremepush.project.exclusions import exclusion
from sendproof_simulators.services.xtremepush.project.settings import settings_from_json
from sendproof_simulators.services.xtremepush.state import Sync, new_state

Excluded = Callable[[Mapping[str, Any], str], str | None]


def exclusion_of(scenario: Scenario, context: SandboxContext, end: int) -> Excluded:
    """Return a function from an obligation and the title of its template to the reason, or None."""
    segments = {str(index): t.segment for index, t in enumerate(scenario.templates, start=1) if t.segment}
    ids = {template.title: index for index, template in enumerate(scenario.templates, start=1)}
    state = new_state(context)
    state.settings = settings_from_json(
        {
            "segments": {
                id_: segment_settings(segment, CustomerIds.of(scenario.audience)) for id_, segment in segments.items()
            },
            "suppression": scenario.suppression and msgspec.to_builtins(scenario.suppression),
        }
    )
    suppression = state.settings.suppression
    if suppression is not None and context.customers.is_registered(suppression.attribute):
        state.syncs += [Sync(at, suppression) for at in _syncs(scenario, end)]
    reason = exclusion(_at_xtremepush(context, scenario), state)
    if reason is None:
        return lambda obligation, title: None
    return lambda obligation, title: reason({**obligation, "template": ids[title]})


def _at_xtremepush(context: SandboxContext, scenario: Scenario) -> SandboxContext:
    """Return the context with the dialects of Xtremepush instead of Optimove's."""
    prefix = f"{SIMULATOR.name}."
    wanted = {name: value for name, value in scenario.dialects.items() if name.startswith(prefix)}
    return replace(context, dialects=choose({SIMULATOR.name: SIMULATOR.dialects}, wanted)[SIMULATOR.name])


def _syncs(scenario: Scenario, end: int) -> Iterator[int]:
    """Yield the instants of the daily syncs."""
    assert scenario.suppression is not None
    hour = time.fromisoformat(scenario.suppression.daily_at)
    at = datetime.combine(scenario.starts.date(), hour, scenario.starts.tzinfo)
    while round(at.timestamp() * 1000) <= end:
        if at > scenario.starts:
            yield round(at.timestamp() * 1000)
        at += timedelta(days=1)
