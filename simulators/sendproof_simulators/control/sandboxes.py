"""The operations of `control.yaml` on sandboxes: create, list, and delete."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from sendproof_simulators.control.call import ControlCall, ControlContext, ControlError, attempt, read_instant
from sendproof_simulators.control.clock import clock_json
from sendproof_simulators.control.templates import message_providers
from sendproof_simulators.core.audience.audience import MANY_CUSTOMERS, AudienceRecipe
from sendproof_simulators.core.audience.client_attributes import ClientAttribute
from sendproof_simulators.core.audience.individuals import Individual
from sendproof_simulators.core.audience.records import load_columns
from sendproof_simulators.core.clock.virtual_clock import REAL, VIRTUAL
from sendproof_simulators.core.clock.wall_clock import HOUR, MINUTE, Instant
from sendproof_simulators.core.dialects import choose
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.messaging.message_types import EMAIL, PUSH, SMS, WEB_PUSH
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, Sandbox, SandboxSettings
from sendproof_simulators.core.sandboxes import DEFAULT
from sendproof_simulators.core.simulator import CUSTOMER_IDS, NUMBERS, Channel
from sendproof_simulators.core.suggestions import suggestion

SHARED = "shared"
#: Bytes of what the judge is to know about a scenario. Those of the library need a twentieth.
SCENARIO_BYTES = 64 * 1024
DEFAULT_AUDIENCE = {"customers": 1000, "opted_out": 0.04, "unusable_numbers": 0.02}


async def list_sandboxes(call: ControlCall) -> Response:
    """List all sandboxes."""
    return json_response([sandbox_json(call.control, sandbox) for sandbox in call.control.sandboxes])


async def create_sandbox(call: ControlCall) -> Response:
    """Create a sandbox."""
    clock_of = _clock_owner(call)
    settings = _sandbox_settings(call, clock_of)
    dialects = {name: simulator.dialects for name, simulator in call.control.simulators.items()}
    attempt(lambda: choose(dialects, settings.dialects))
    sandbox = attempt(lambda: call.control.sandboxes.create(settings, clock_of))
    if sandbox.customers.size >= MANY_CUSTOMERS:
        # In a thread, as the first page must not stop all other requests.
        asyncio.get_running_loop().run_in_executor(None, load_columns)
    return json_response(sandbox_json(call.control, sandbox), status=201)


async def get_sandbox(call: ControlCall) -> Response:
    """Return one sandbox."""
    return json_response(sandbox_json(call.control, call.sandbox))


async def reset_sandbox(call: ControlCall) -> Response:
    """Replace a sandbox with a new one of the same settings."""
    sandboxes, sandbox = call.control.sandboxes, call.sandbox
    others = [other.id for other in sandboxes.on_clock_of(sandbox) if other is not sandbox]
    if others:
        raise ControlError(409, f"the sandbox shares its clock with {', '.join(others)}; delete them first")
    return json_response(sandbox_json(call.control, await sandboxes.reset(sandbox.id)))


async def delete_sandbox(call: ControlCall) -> Response:
    """Delete a sandbox."""
    if call.sandbox.id == DEFAULT:
        raise ControlError(409, f"the sandbox {DEFAULT!r} exists as long as the simulators; create others to delete")
    await call.control.sandboxes.delete(call.sandbox.id)
    return Response(status=204, content_type="")


def sandbox_json(control: ControlContext, sandbox: Sandbox) -> dict[str, Any]:
    """Return the JSON of a sandbox: everything that is needed to point a bridge at it."""
    return {
        "sandbox": sandbox.id,
        "seed": sandbox.settings.seed,
        "country": sandbox.settings.audience.country,
        "attributes": sandbox.customers.audience.special_attributes,
        "clock": clock_json(sandbox),
        "services": {
            name: {"url": _service_url(control, sandbox, name), **_mail_access(control, name), "credentials": values}
            for name, values in sandbox.credentials.items()
        },
        "channels": [channel.view() for channel in sandbox.settings.channels],
        "scenario": sandbox.settings.scenario,
    }


def _service_url(control: ControlContext, sandbox: Sandbox, service: str) -> str:
    return control.addresses.services[service] + control.simulators[service].base_path(sandbox.contexts[service])


def _mail_access(control: ControlContext, service: str) -> dict[str, str]:
    """Return the URL of the service's port for SMTP, and the domain of its senders, if it has such a port."""
    url, access = control.addresses.smtp.get(service), control.simulators[service].smtp
    return {} if url is None or access is None else {"mail_url": url, "sender_domain": access.sender_domain}


def _clock_owner(call: ControlCall) -> Sandbox | None:
    """Return the sandbox with the clock that the new one shares; None for a clock of its own."""
    clock = call.body.get("clock", {})
    if clock.get("mode") != SHARED:
        return None
    try:
        return call.control.sandboxes.get(clock["with"])
    except KeyError as error:
        raise ControlError(409, f"clock: {error.args[0]}") from None


def _sandbox_settings(call: ControlCall, clock_of: Sandbox | None) -> SandboxSettings:
    fields = call.body
    clock, audience = fields.get("clock", {"mode": VIRTUAL}), read_audience(fields.get("audience", {}))
    return SandboxSettings(
        name=fields.get("name") or call.control.sandboxes.fresh_name(),
        seed=fields["seed"],
        start=_start(call, clock, clock_of),
        rate=_rate(clock),
        clock_mode=REAL if clock["mode"] == REAL else VIRTUAL,
        audience=audience,
        channels=_channels(call, audience),
        rate_limits=call.value("rate_limits"),
        strict=fields.get("strict", False),
        allow_remote_webhooks=call.value("allow_remote_webhooks"),
        nightly_at=_time_of_day(fields["nightly"]["at"]) if "nightly" in fields else None,
        dialects=fields.get("dialects", {}),
        key_scopes=fields.get("keys", {}),
        scenario=_scenario(fields.get("scenario")),
    )


def _rate(clock: Mapping[str, Any]) -> float | None:
    """Return the rate of a new clock: 1 by default in real time, none otherwise."""
    rate = clock.get("rate", 1 if clock["mode"] == REAL else None)
    return None if rate is None else float(rate)


def _scenario(fields: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return what the judge is to know about a scenario; `ControlError` if that is too long to keep."""
    size = len(msgspec.json.encode(fields))
    if size > SCENARIO_BYTES:
        raise ControlError(409, f"scenario: expected at most {SCENARIO_BYTES:,} bytes of JSON, got {size:,}")
    return fields


def _start(call: ControlCall, clock: Mapping[str, Any], clock_of: Sandbox | None) -> Instant:
    if clock_of is not None:
        return clock_of.clock.now()
    return read_instant(clock["start"]) if "start" in clock else int(call.control.wall.time() * 1000)


def read_audience(fields: Mapping[str, Any]) -> AudienceRecipe:
    """Return the recipe in a request; `ControlError` if it is impossible."""
    parts = {
        "individuals": tuple(Individual(**individual) for individual in fields.get("individuals", ())),
        "attributes": tuple(ClientAttribute(**attribute) for attribute in fields.get("attributes", ())),
    }
    try:
        return AudienceRecipe(**{**DEFAULT_AUDIENCE, **fields, **parts})
    except ValueError as error:
        raise ControlError(409, f"audience: {error}") from None


def _time_of_day(text: str) -> int:
    """Return milliseconds after midnight; the contract has checked the form HH:MM."""
    hours, minutes = text.split(":")
    return int(hours) * HOUR + int(minutes) * MINUTE


def _channels(call: ControlCall, audience: AudienceRecipe) -> tuple[Channel, ...]:
    if "channels" not in call.body:
        return DEFAULT_CHANNELS
    ids = [fields["id"] for fields in call.body["channels"]]
    if len(set(ids)) < len(ids):
        raise ControlError(409, f"channels: expected each id once, got {ids}")
    channels = tuple(_channel(call, fields) for fields in call.body["channels"])
    for channel in channels:
        needed = _NEEDS.get(channel.message)
        if needed is not None and getattr(audience, needed) is None:
            raise ControlError(
                409, f"channel {channel.id}: needs an audience with {needed}; add `{needed}: {{}}` to it"
            )
    return channels


# What the audience needs for messages of a type: without it, no customer can get one.
_NEEDS: Mapping[str, str] = {PUSH: "devices", WEB_PUSH: "browsers", EMAIL: "addresses"}


def _channel(call: ControlCall, fields: Mapping[str, Any]) -> Channel:
    providers, provider = message_providers(call.control), fields["provider"]
    if provider not in providers:
        hint = suggestion(provider, providers)
        raise ControlError(409, f"channel {fields['id']}: {provider!r} is not a message provider; {hint}")
    kind, testing = fields.get("kind", "scheduled"), fields.get("testing", False)
    recipients = fields.get("recipients", NUMBERS)
    if recipients == CUSTOMER_IDS and call.control.simulators[provider].expected_message is None:
        raise ControlError(409, f"channel {fields['id']}: {provider} does not know customers by their ids")
    message, types = fields.get("message", SMS), providers[provider].message_types
    if message not in types or (message != SMS and recipients == CUSTOMER_IDS):
        raise ControlError(
            409,
            f"channel {fields['id']}: {provider} sends {' and '.join(sorted(types))} to {recipients}, not {message}",
        )
    return Channel(
        id=fields["id"],
        provider=provider,
        kind=kind,
        testing=testing,
        recipients=recipients,
        exclude=frozenset(fields.get("exclude", ())),
        variables=fields.get("variables", {}),
        message=message,
    )
