"""The timeline of one customer: every action that concerns them, and every missing one."""

from sendproof_harness.explain.bridge_entries import bridge_entries
from sendproof_harness.explain.entry import Scope, TimelineEntry
from sendproof_harness.explain.fault_entries import fault_entries
from sendproof_harness.explain.missing_entries import missing_entries
from sendproof_harness.explain.optimove_entries import optimove_entries
from sendproof_harness.explain.provider_entries import customer_entries, provider_entries


def timeline_entries(scope: Scope) -> tuple[TimelineEntry, ...]:
    """Return all entries in order of time, and of lines within an instant."""
    entries = [
        *optimove_entries(scope),
        *bridge_entries(scope),
        *provider_entries(scope),
        *customer_entries(scope),
        *fault_entries(scope),
        *missing_entries(scope),
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.at, entry.line)))
