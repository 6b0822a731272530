"""Creating the sandbox of a scenario, or of each of its clients: clock, audience, channels, templates and faults."""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sendproof_harness.control_client import ControlClient
from sendproof_harness.handover.format import CLIENT, PLATFORM, Listen
from sendproof_harness.handover.judged_wishes import is_conformance_only, judged_wishes
from sendproof_harness.handover.webhooks import proof_of_origin, webhook_authentication
from sendproof_harness.handover.write import handover_content
from sendproof_harness.history.writer import scenario_line
from sendproof_harness.providers import provider as record_of
from sendproof_harness.scenario.customer_selection import CustomerIds
from sendproof_harness.scenario.fault_kinds import FORGED, KILL
from sendproof_harness.scenario.model import (
    NUMBERS,
    SMS,
    Channel,
    ClientAttribute,
    Individual,
    Scenario,
    Segment,
    Template,
    scenario_of_client,
)
from sendproof_harness.scenario.overrides import overridden_variables
from sendproof_harness.scenario.values import following_seed, iso_utc

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Options of the sandboxes: their simulators, name, bridge address and clock rate.

    `name` None lets the simulators choose a name; `rate` None means virtual time. `strict`: the simulators check what
    they send against their contracts. `file` is the name of the scenario's file, without folder and suffix.
    """

    control: ControlClient
    name: str | None
    listen: Listen
    rate: float | None
    strict: bool = False
    file: str = ""


def create_sandboxes(options: SandboxOptions, scenario: Scenario) -> list[dict[str, Any]]:
    """Create the sandboxes and return the handover of each client. The first sandbox has the clock."""
    if not scenario.clients:
        return [_create(options, scenario, options.name, _clock(scenario, options.rate), CLIENT)]
    handovers: list[dict[str, Any]] = []
    # Each client has other customers and accounts.
    owns = [
        dataclasses.replace(scenario_of_client(scenario, client), seed=following_seed(scenario.seed, index))
        for index, client in enumerate(scenario.clients)
    ]
    for index, client in enumerate(scenario.clients):
        first = handovers[0]["sandbox"] if handovers else None
        clock = _clock(scenario, options.rate) if first is None else {"mode": "shared", "with": first}
        name = None if options.name is None else f"{options.name}-{client}"
        others = [*owns[index + 1 :], *owns[:index]]
        handovers.append(_create(options, owns[index], name, clock, client, others))
    return [{**handover, "clock_url": handovers[0]["clock_url"]} for handover in handovers]


def _create(
    options: SandboxOptions,
    scenario: Scenario,
    name: str | None,
    clock: Mapping[str, object],
    client: str,
    others: Sequence[Scenario] = (),
) -> dict[str, Any]:
    """Create the sandbox of a client; `others` are the scenarios of the other clients, the next one first."""
    control = options.control
    sandbox = control.create_sandbox(sandbox_settings(options, scenario, name, clock))
    template_settings = {
        provider: _add_templates(control, sandbox["sandbox"], scenario, provider)
        for provider in dict.fromkeys(template.provider for template in scenario.templates)
    }
    is_first = not scenario.clients or client == scenario.clients[0]
    # There is one bridge, so only the first client's faults may kill it.
    faults = [fault for fault in scenario.faults if is_first or fault["fault"] != KILL]
    handover = handover_content(control.url, sandbox, options.listen, scenario, client)
    if faults:
        secrets = [_with_secrets(fault, handover["webhook_token"], others) for fault in faults]
        control.add_faults(sandbox["sandbox"], secrets)
    webhooks = handover["account_webhooks"]
    for provider in dict.fromkeys((*webhooks, *(channel.provider for channel in scenario.channels))):
        settings = _webhook_settings(provider, webhooks.get(provider), webhook_authentication(handover, provider))
        settings |= _shared_settings(scenario, provider)
        settings |= template_settings.get(provider, {}) | _suppression_settings(scenario, provider)
        settings |= import_settings(scenario, provider)
        if settings:
            control.replace_settings(sandbox["sandbox"], provider, settings)
    return handover


def _with_secrets(fault: Mapping[str, Any], token: str, others: Sequence[Scenario]) -> Mapping[str, Any]:
    """Return the fault; one that forges webhooks learns which part of a URL is secret, and the secret of another.

    All clients plan the same campaigns. A bridge that tells clients apart by their tokens alone would rightly take a
    forged event with another client's token for one about that client's own campaign.
    """
    if fault["fault"] != FORGED:
        return fault
    service = str(fault["webhook"]).partition(".")[0]
    has_other = bool(others) and service != PLATFORM
    other = {"other_secret": proof_of_origin(others[0], service, others[0].seed)} if has_other else {}
    return {"secret": token, **other, **fault}


def _webhook_settings(provider: str, url: str | None, authentication: Mapping[str, str] | None) -> dict[str, object]:
    record = record_of(provider)
    if url is None:
        return {}
    if authentication is not None and record.authenticated_settings is not None:
        return record.authenticated_settings(url, authentication)
    return record.account_settings(url)


def _shared_settings(scenario: Scenario, provider: str) -> Mapping[str, object]:
    """Return the settings of an account that other systems of the client send through."""
    is_shared = any(channel.shared_account for channel in scenario.channels if channel.provider == provider)
    return record_of(provider).shared_settings if is_shared else {}


def _add_templates(control: ControlClient, sandbox: str, scenario: Scenario, provider: str) -> dict[str, object]:
    """Add the templates of a provider; return the account settings for their links, segments and translations."""
    templates = [template for template in scenario.templates if template.provider == provider]
    added = control.add_templates(sandbox, provider, [new_template(template) for template in templates])
    urls = {row["id"]: template.url for row, template in zip(added, templates, strict=True) if template.url}
    segments = {str(row["id"]): segment for row, t in zip(added, templates, strict=True) if (segment := t.segment)}
    by_id = {row["id"]: template for row, template in zip(added, templates, strict=True)}
    record = record_of(provider)
    settings = record.link_settings(urls) if urls and record.link_settings is not None else {}
    if segments and record.segment_settings is not None:
        settings |= record.segment_settings(
            {id_: segment_settings(segment, CustomerIds.of(scenario.audience)) for id_, segment in segments.items()}
        )
    return settings | _add_translations(control, sandbox, provider, by_id)


def new_template(template: Template) -> dict[str, object]:
    """Return a template as the control API takes it."""
    message = {} if template.message == SMS else {"message": template.message}
    heading = {} if template.heading is None else {"heading": template.heading}
    return {"title": template.title, "body": template.body, **message, **heading}


def segment_settings(segment: Segment, ids: CustomerIds) -> dict[str, object]:
    """Return a segment as a provider takes it: the share of customers whom it leaves out, and further ones by id."""
    return {"excludes": float(segment.excludes), "users": [ids.at(index) for index in segment.customers]}


def _suppression_settings(scenario: Scenario, provider: str) -> dict[str, object]:
    settings = record_of(provider).suppression_settings
    if scenario.suppression is None or settings is None:
        return {}
    return settings(dataclasses.asdict(scenario.suppression))


def _add_translations(
    control: ControlClient, sandbox: str, provider: str, templates: Mapping[int, Template]
) -> dict[str, object]:
    """Add each translation as a template of its own; return the account settings that choose among them."""
    translations: dict[int, tuple[str, Mapping[str, int]]] = {}
    for id_, template in templates.items():
        if template.translations is not None:
            bodies = template.translations.bodies
            rows = [{"title": f"{template.title} ({value})", "body": body} for value, body in bodies.items()]
            ids = [row["id"] for row in control.add_templates(sandbox, provider, rows)]
            translations[id_] = template.translations.attribute, dict(zip(bodies, ids, strict=True))
    translation_settings = record_of(provider).translation_settings
    return translation_settings(translations) if translations and translation_settings is not None else {}


def import_settings(scenario: Scenario, provider: str) -> dict[str, object]:
    """Return the account settings for the client's daily import of its customers."""
    imported, account_settings = scenario.customer_import, record_of(provider).import_settings
    if imported is None or account_settings is None:
        return {}
    ids = CustomerIds.of(scenario.audience)
    days = {ids.at(position): day.isoformat() for position, day in imported.new_customers.items()}
    return account_settings(imported.at.isoformat("minutes"), days)


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
            "individuals": [_individual(scenario, individual) for individual in audience.individuals],
            **({} if audience.devices is None else {"devices": _floats(audience.devices)}),
            **({} if audience.addresses is None else {"addresses": _floats(audience.addresses)}),
            **({} if audience.browsers is None else {"browsers": _floats(audience.browsers)}),
        },
        "channels": [*map(_channel, scenario.channels), *_subscription_channels(scenario)],
        "keys": {name: _present(dataclasses.asdict(scope)) for name, scope in scenario.keys.items()},
        "rate_limits": scenario.rate_limits,
        "dialects": dict(scenario.dialects),
        # Webhooks leave this machine only if --bridge names an address elsewhere.
        "allow_remote_webhooks": options.listen.host not in LOOPBACK,
        **({"strict": True} if options.strict else {}),
        "scenario": scenario_line(
            scenario.name,
            options.file,
            judged_wishes(scenario, options.listen),
            conformance_only=is_conformance_only(scenario),
        ),
        **({} if scenario.nightly is None else {"nightly": {"at": scenario.nightly}}),
        **({} if name is None else {"name": _valid_name(name)}),
    }


def _individual(scenario: Scenario, individual: Individual) -> dict[str, object]:
    """Return an individual; the draw of the suppression attribute spares one with a protection."""
    suppression, attributes = scenario.suppression, dict(individual.attributes)
    if suppression is not None and individual.protection is not None:
        own = (attribute for attribute in scenario.audience.attributes if attribute.name == suppression.attribute)
        for attribute in own:
            attributes.setdefault(attribute.name, _harmless_value(attribute, suppression.excluded))
    properties = {name: value for name, value in dataclasses.asdict(individual).items() if name != "client"}
    return {**_present(properties), "attributes": attributes}


def _harmless_value(attribute: ClientAttribute, excluded: Sequence[str]) -> str | None:
    """Return the default of a suppression attribute, or else a value that suppresses no customer."""
    values = (attribute.default, *attribute.values, None)
    return next((value for value in values if (value or "") not in excluded), attribute.default)


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
    recipients = {} if channel.recipients == NUMBERS else {"recipients": channel.recipients}
    message = {} if channel.message == SMS else {"message": channel.message}
    return {**settings, **recipients, **message, **exclude, **({"variables": variables} if variables else {})}


def _valid_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-")[:100] or "scenario"


def _clock(scenario: Scenario, rate: float | None) -> dict[str, object]:
    if rate is None:
        return {"mode": "virtual", "start": iso_utc(scenario.starts)}
    return {"mode": "real", "rate": rate} | ({} if rate == 1 else {"start": iso_utc(scenario.starts)})
