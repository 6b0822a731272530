"""The sandbox of a scenario, or of each of its clients: clock, audience, channels, templates, accounts, faults."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendproof_harness.control_client import ControlClient
from sendproof_harness.handover import write
from sendproof_harness.providers import provider as record_of
from sendproof_harness.scenario.fault_kinds import KILL
from sendproof_harness.scenario.model import Channel, Scenario
from sendproof_harness.scenario.values import iso_utc

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where sandboxes are made: at which simulators, under which name (None: one that nobody else has there)."""

    control: ControlClient
    name: str | None
    listen: write.Listen
    rate: float | None


def make(place: Place, scenario: Scenario) -> list[dict[str, Any]]:
    """Make them all; answers what the bridge is told of each. The first has the clock."""
    if not scenario.clients:
        return [_one(place, scenario, place.name, _clock(scenario, place.rate), write.CLIENT)]
    told: list[dict[str, Any]] = []
    for index, client in enumerate(scenario.clients):
        clock = {"mode": "shared", "with": told[0]["sandbox"]} if told else _clock(scenario, place.rate)
        name = None if place.name is None else f"{place.name}-{client}"
        # Each client has customers and accounts of its own.
        own = dataclasses.replace(scenario, seed=scenario.seed + index)
        told.append(_one(place, own, name, clock, client))
    return [{**one, "clock_url": told[0]["clock_url"]} for one in told]


def _one(
    place: Place, scenario: Scenario, name: str | None, clock: Mapping[str, object], client: str
) -> dict[str, Any]:
    control = place.control
    sandbox = control.create_sandbox(_settings(place, scenario, name, clock))
    for provider in dict.fromkeys(template.provider for template in scenario.templates):
        texts = [{"title": t.title, "body": t.body} for t in scenario.templates if t.provider == provider]
        control.add_templates(sandbox["sandbox"], provider, texts)
    first = not scenario.clients or client == scenario.clients[0]
    # There is one bridge, so it is killed on behalf of one client.
    faults = [fault for fault in scenario.faults if first or fault["fault"] != KILL]
    if faults:
        control.add_faults(sandbox["sandbox"], faults)
    told = write.handover(control.url, sandbox, place.listen, scenario, client)
    for provider, url in told["account_webhooks"].items():
        control.replace_settings(sandbox["sandbox"], provider, record_of(provider).account_settings(url))
    return told


def _settings(place: Place, scenario: Scenario, name: str | None, clock: Mapping[str, object]) -> dict[str, object]:
    audience = scenario.audience
    return {
        "seed": scenario.seed,
        "clock": clock,
        "audience": {
            "customers": audience.customers,
            "opted_out": float(audience.opted_out),
            "unusable_numbers": float(audience.unusable_numbers),
            "country": audience.country,
            "outcomes": {name: float(share) for name, share in audience.outcomes.items()},
        },
        "channels": [_channel(channel) for channel in scenario.channels],
        "rate_limits": scenario.rate_limits,
        "dialects": dict(scenario.dialects),
        # Notifications leave this machine only for a bridge that was named at an address outside.
        "allow_remote_webhooks": place.listen.host not in LOOPBACK,
        **({} if scenario.nightly is None else {"nightly": {"at": scenario.nightly}}),
        **({} if name is None else {"name": _name(name)}),
    }


def _channel(channel: Channel) -> dict[str, object]:
    return {"id": channel.id, "provider": channel.provider, "kind": channel.kind, "testing": channel.testing}


def _name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-")[:100] or "scenario"


def _clock(scenario: Scenario, rate: float | None) -> dict[str, object]:
    if rate is None:
        return {"mode": "virtual", "start": iso_utc(scenario.starts)}
    return {"mode": "real", "rate": rate} | ({} if rate == 1 else {"start": iso_utc(scenario.starts)})
