"""Creating the sandbox of a scenario, or of each of its clients: clock, audience, channels, templates and faults."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sendproof_harness.control_client import ControlClient
from sendproof_harness.handover.format import CLIENT, Listen
from sendproof_harness.handover.write import handover_content
from sendproof_harness.providers import provider as record_of
from sendproof_harness.scenario.customer_selection import customer_id
from sendproof_harness.scenario.fault_kinds import KILL
from sendproof_harness.scenario.model import Channel, ClientAttribute, Individual, Scenario, Segment
from sendproof_harness.scenario.overrides import overridden_variables
from sendproof_harness.scenario.values import iso_utc

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Options of the sandboxes: their simulators, name, bridge address and clock rate.

    `name` None lets the simulators choose a name; `rate` None means virtual time.
    """

    control: ControlClient
    name: str | None
    listen: Listen
    rate: float | None


def create_sandboxes(options: SandboxOptions, scenario: Scenario) -> list[dict[str, Any]]:
    """Create the sandboxes and return the handover of each client. The first sandbox has the clock."""
    if not scenario.clients:
        return [_create(options, scenario, options.name, _clock(scenario, options.rate), CLIENT)]
    handovers: list[dict[str, Any]] = []
    for index, client in enumerate(scenario.clients):
        first = handovers[0]["sandbox"] if handovers else None
        clock = _clock(scenario, options.rate) if first is None else {"mode": "shared", "with": first}
        name = None if options.name is None else f"{options.name}-{client}"
        # Each client has other customers and accounts.
        own = dataclasses.replace(scenario, seed=scenario.seed + index)
        handovers.append(_create(options, own, name, clock, client))
    return [{**handover, "clock_url": handovers[0]["clock_url"]} for handover in handovers]


def _create(
    options: SandboxOptions, scenario: Scenario, name: str | None, clock: Mapping[str, object], client: str
) -> dict[str, Any]:
    control = options.control
    sandbox = control.create_sandbox(sandbox_settings(options, scenario, name, clock))
    template_settings = {
        provider: _add_templates(control, sandbox["sandbox"], scenario, provider)
        for provider in dict.fromkeys(template.provider for template in scenario.templates)
    }
    is_first = not scenario.clients or client == scenario.clients[0]
    # There is one bridge, so only the first client's faults may kill it.
    faults = [fault for fault in scenario.faults if is_first or fault["fault"] != KILL]
    if faults:
        control.add_faults(sandbox["sandbox"], faults)
    handover = handover_content(control.url, sandbox, options.listen, scenario, client)
    webhooks = handover["account_webhooks"]
    for provider in dict.fromkeys((*webhooks, *(channel.provider for channel in scenario.channels))):
        settings = record_of(provider).account_settings(webhooks[provider]) if provider in webhooks else {}
        settings |= template_settings.get(provider, {}) | _suppression_settings(scenario, provider)
        if settings:
            control.replace_settings(sandbox["sandbox"], provider, settings)
    return handover


def _add_templates(control: ControlClient, sandbox: str, scenario: Scenario, provider: str) -> dict[str, object]:
    """Add the templates of a provider; return the account settings for their links and segments."""
    templates = [template for template in scenario.templates if template.provider == provider]
    added = control.add_templates(sandbox, provider, [{"title": t.title, "body": t.body} for t in templates])
    urls = {row["id"]: template.url for row, template in zip(added, templates, strict=True) if template.url}
    segments = {str(row["id"]): segment for row, t in zip(added, templates, strict=True) if (segment := t.segment)}
    record = record_of(provider)
    links = record.link_settings(urls) if urls and record.link_settings is not None else {}
    if not segments or record.segment_settings is None:
        return links
    return {**links, **record.segment_settings({id_: segment_settings(segment) for id_, segment in segments.items()})}


def segment_settings(segment: Segment) -> dict[str, object]:
    """Return a segment as a provider takes it: the share of customers whom it leaves out, and further ones by id."""
    return {"excludes": float(segment.excludes), "users": [customer_id(index) for index in segment.customers]}


def _suppression_settings(scenario: Scenario, provider: str) -> dict[str, object]:
    settings = record_of(provider).suppression_settings
    if scenario.suppression is None or settings is None:
        return {}
    return settings(dataclasses.asdict(scenario.suppression))


def sandbox_settings(
    options: SandboxOptions, scenario: Scenario, name: str | None, clock: Mapping[str, object]
) -> dict[str, object]:
    """Return the body of the request that creates the sandbox of a client."""
    audience = scenario.audience
    return {
        "seed": scenario.seed,
        "clock": clock,
        "audience": {
            "customers": audience.customers,
            "opted_out": float(audience.opted_out),
            "unusable_numbers": float(audience.unusable_numbers),
            "consent": scenario.bridge.consent or "provider",
            "country": audience.country,
            "outcomes": _floats(audience.outcomes),
            **({} if audience.spellings is None else {"spellings": _floats(audience.spellings)}),
            "attributes": [_client_attribute(attribute) for attribute in audience.attributes],
            "attribute_names": dict(audience.attribute_names),
            "individuals": [_individual(individual) for individual in audience.individuals],
        },
        "channels": [*map(_channel, scenario.channels), *_subscription_channels(scenario)],
        "keys": {name: _present(dataclasses.asdict(scope)) for name, scope in scenario.keys.items()},
        "rate_limits": scenario.rate_limits,
        "dialects": dict(scenario.dialects),
        # Webhooks leave this machine only if --bridge names an address elsewhere.
        "allow_remote_webhooks": options.listen.host not in LOOPBACK,
        **({} if scenario.nightly is None else {"nightly": {"at": scenario.nightly}}),
        **({} if name is None else {"name": _valid_name(name)}),
    }


def _individual(individual: Individual) -> dict[str, object]:
    return _present(dataclasses.asdict(individual))


def _client_attribute(attribute: ClientAttribute) -> dict[str, object]:
    return {**_present(dataclasses.asdict(attribute)), "values": _floats(attribute.values)}


def _present(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _floats(shares: Mapping[str, Fraction]) -> dict[str, float]:
    return {name: float(share) for name, share in shares.items()}


def _subscription_channels(scenario: Scenario) -> Iterator[dict[str, object]]:
    """Yield the channels that only carry opt-outs back to Optimove, which no channel of the scenario is."""
    known = {channel.id for channel in scenario.channels}
    for channel in scenario.channels:
        number = channel.preference_channel
        if number in record_of(channel.provider).subscription_channels and number not in known:
            known.add(number)
            yield {"id": number, "provider": channel.provider}


def _channel(channel: Channel) -> dict[str, object]:
    settings = {"id": channel.id, "provider": channel.provider, "kind": channel.kind, "testing": channel.testing}
    variables = dict(overridden_variables(channel))
    exclude = {"exclude": list(channel.exclude)} if channel.exclude else {}
    return {**settings, **exclude, **({"variables": variables} if variables else {})}


def _valid_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-")[:100] or "scenario"


def _clock(scenario: Scenario, rate: float | None) -> dict[str, object]:
    if rate is None:
        return {"mode": "virtual", "start": iso_utc(scenario.starts)}
    return {"mode": "real", "rate": rate} | ({} if rate == 1 else {"start": iso_utc(scenario.starts)})
