"""The operation of `control.yaml` that waits for changes, so that a page or a command can follow a sandbox.

A version has a digest of each part of the sandbox. It is compared a few times a second while a client waits: so the
path of a request has no work for it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import blake2b

from sendproof_simulators.control.call import PLATFORM, ControlCall
from sendproof_simulators.control.channels import campaigns_of, triggers_of
from sendproof_simulators.control.clock import clock_json
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.sandbox import Sandbox

# Real seconds between two comparisons.
_INTERVAL_S = 0.1
# Kinds of journal entries by part; entries of all other kinds are changes of the account.
_KINDS: Mapping[str, frozenset[str]] = {
    "requests": frozenset({"request", "preflight", "contract_violation"}),
    "messages": frozenset({"delivery", "rejection", "delivery_status", "withdrawal", "click"}),
    "webhooks": frozenset({"webhook", "forged_webhook", "link_scan"}),
    "faults": frozenset({"fault"}),
    "campaigns": frozenset({"metrics", "interactions", "engagement", "cancelled", "clearance"}),
    "triggers": frozenset({"customer_event", "trigger"}),
    "customers": frozenset({"opt_out", "opt_in", "inbound", "preference", "attribute", "attributes", "attribute_sync"}),
    "templates": frozenset({"provider_template", "channel_templates"}),
}
_KINDS_OF_A_PART = frozenset[str]().union(*_KINDS.values(), {"clock"})


async def get_changes(call: ControlCall) -> Response:
    """Wait until a part of the sandbox has another version than `since`, and return the versions."""
    known, deadline = call.value("since").split("."), call.control.wall.monotonic() + call.value("timeout_s")
    while True:
        versions = _versions(call)
        changed = [name for name, version in versions.items() if version not in known]
        if changed or call.control.wall.monotonic() >= deadline:
            break
        await asyncio.sleep(_INTERVAL_S)  # noqa: TID251 - an event would be work for every request
    return json_response(
        {
            "version": ".".join(versions.values()),
            "generation": call.sandbox.generation,
            "clock": clock_json(call.sandbox),
            "counts": _counts(call),
            "parts": changed,
        }
    )


def _versions(call: ControlCall) -> dict[str, str]:
    """Return the version of each part. The name is part of its digest, so that no two parts have an equal one."""
    sandbox = call.sandbox
    return {
        name: blake2b(repr((name, sandbox.generation, content(call))).encode(), digest_size=6).hexdigest()
        for name, content in _PARTS.items()
    }


def _entries(name: str) -> Callable[[ControlCall], object]:
    kinds = sorted(_KINDS[name])
    return lambda call: [call.sandbox.journal.counts.get(kind, 0) for kind in kinds]


def _with_entries(name: str, content: Callable[[ControlCall], object]) -> Callable[[ControlCall], object]:
    entries = _entries(name)
    return lambda call: (entries(call), content(call))


def _clock(call: ControlCall) -> object:
    clock = call.sandbox.clock
    # Time that passes by itself is no change: a client can compute it from the rate.
    now = clock.now() if clock.rate is None else None
    return now, clock.rate, clock.mode, clock.advancing, sorted(clock.participants)


def _faults(call: ControlCall) -> object:
    return [(fault.id, fault.injected) for fault in call.sandbox.faults.active()]


def _campaigns(call: ControlCall) -> object:
    return campaigns_of(call).states(call.sandbox.states[PLATFORM])


def _triggers(call: ControlCall) -> object:
    return triggers_of(call).count(call.sandbox.states[PLATFORM])


def _customers(call: ControlCall) -> object:
    return call.sandbox.customers.change_count


def _unauthenticated(call: ControlCall) -> object:
    return [service.unauthenticated.count for service in call.control.services.values()]


def _account(call: ControlCall) -> object:
    counts = call.sandbox.journal.counts
    return sum(number for kind, number in counts.items() if kind not in _KINDS_OF_A_PART)


_PARTS: Mapping[str, Callable[[ControlCall], object]] = {
    "clock": _clock,
    "requests": _entries("requests"),
    "unauthenticated": _unauthenticated,
    "messages": _entries("messages"),
    "webhooks": _entries("webhooks"),
    "faults": _with_entries("faults", _faults),
    "campaigns": _with_entries("campaigns", _campaigns),
    "triggers": _with_entries("triggers", _triggers),
    "customers": _with_entries("customers", _customers),
    "templates": _entries("templates"),
    "account": _account,
}


def _counts(call: ControlCall) -> dict[str, int]:
    sandbox: Sandbox = call.sandbox
    entries: Counter[str] = sandbox.journal.counts
    state = sandbox.states[PLATFORM]
    return {
        "requests": entries["request"],
        "unauthenticated": sum(service.unauthenticated.count for service in call.control.services.values()),
        "violations": entries["contract_violation"],
        "messages": entries["delivery"],
        "rejections": entries["rejection"],
        "webhooks": entries["webhook"],
        "faults": len(sandbox.faults.active()),
        "campaigns": len(campaigns_of(call).states(state)),
        "triggers": triggers_of(call).count(state),
        "customers": sandbox.customers.size,
    }
