"""The operations of `control.yaml`. Each takes a valid call and answers; `ControlError` becomes a problem."""

import os
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.clock.virtual_clock import NotQuietError
from sendproof_simulators.core.clock.wall_clock import HOUR, LAST_INSTANT, MINUTE, YEARS, Instant, iso, parse_iso
from sendproof_simulators.core.dialects import Dialect, choose
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Response, StreamedResponse, json_response
from sendproof_simulators.core.sandbox import DEFAULT_CHANNELS, Sandbox, SandboxSettings
from sendproof_simulators.core.simulator import Campaigns, Channel, Template, Templates
from sendproof_simulators.core.simulator import Settings as ProviderSettings

if TYPE_CHECKING:
    from sendproof_simulators.control import Control

NDJSON = "application/x-ndjson"
# A piece of the journal: large enough that asking costs nothing beside it, small enough to hold nobody up.
JOURNAL_BYTES = 1 << 20
PLATFORM = "optimove"
SHARED = "shared"
# Long enough for a week with a million receipts; a bridge that does not park fails long before that.
ADVANCE_TIMEOUT_S = 120.0
DEFAULT_AUDIENCE = {"customers": 1000, "opted_out": 0.04, "unusable_numbers": 0.02}


class ControlError(Exception):
    """A valid request that cannot be done; the message says why and what to do."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCall:
    """One valid request to one operation."""

    control: "Control"
    params: dict[str, Any]
    body: Any

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that the path names."""
        try:
            return self.control.sandboxes.get(self.params["sandbox"])
        except KeyError as error:
            raise ControlError(404, error.args[0]) from None


async def get_health(call: ControlCall) -> Response:
    """Whether the simulators answer."""
    real = round(call.control.wall.time(), 3)
    return json_response({"status": "ok", "version": version("sendproof"), "pid": os.getpid(), "real": real})


async def get_services(call: ControlCall) -> Response:
    """Every service with its address."""
    services = call.control.services.values()
    urls = call.control.addresses.services
    return json_response(
        {s.provider.name: {"url": urls[s.provider.name], "contract": s.provider.contract} for s in services}
    )


async def get_unauthenticated_requests(call: ControlCall) -> Response:
    """Requests without a sandbox."""
    return json_response({"requests": [event for s in call.control.services.values() for event in s.unattributed]})


# -- sandboxes -----------------------------------------------------------------------------------


async def list_sandboxes(call: ControlCall) -> Response:
    """All sandboxes."""
    return json_response([sandbox_view(call.control, sandbox) for sandbox in call.control.sandboxes])


async def create_sandbox(call: ControlCall) -> Response:
    """Make a sandbox."""
    clock_of = _clock_of(call)
    settings = _settings(call, clock_of)
    try:
        choose(_declared(call), settings.dialects)
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    try:
        sandbox = call.control.sandboxes.create(settings, clock_of)
    except ValueError as error:
        raise ControlError(409, str(error)) from None
    return json_response(sandbox_view(call.control, sandbox), status=201)


def _clock_of(call: ControlCall) -> Sandbox | None:
    """The sandbox whose clock the new one shares."""
    clock = call.body.get("clock", {})
    if (clock.get("mode") == SHARED) != ("with" in clock):
        raise ControlError(400, f"clock: expected `with` to name a sandbox exactly when the mode is {SHARED}")
    if "with" not in clock:
        return None
    if "start" in clock or "rate" in clock:
        raise ControlError(400, "clock: a shared clock has the time and the rate that it has; leave out start and rate")
    try:
        return call.control.sandboxes.get(clock["with"])
    except KeyError as error:
        raise ControlError(409, f"clock: {error.args[0]}") from None


async def get_sandbox(call: ControlCall) -> Response:
    """One sandbox."""
    return json_response(sandbox_view(call.control, call.sandbox))


async def delete_sandbox(call: ControlCall) -> Response:
    """End a sandbox."""
    await call.control.sandboxes.delete(call.sandbox.id)
    return Response(status=204, content_type="")


async def get_dialects(call: ControlCall) -> Response:
    """Every open question, service by service."""
    declared = _declared(call)
    return json_response({name: [asdict(dialect) for dialect in dialects] for name, dialects in declared.items()})


def _declared(call: ControlCall) -> dict[str, tuple[Dialect, ...]]:
    return {name: service.provider.dialects for name, service in call.control.services.items()}


def _settings(call: ControlCall, clock_of: Sandbox | None) -> SandboxSettings:
    given = call.body
    clock = given.get("clock", {"mode": "virtual"})
    if clock["mode"] == "virtual" and "rate" in clock:
        raise ControlError(400, "clock.rate is for real time; virtual time moves when it is advanced")
    try:
        audience = AudienceRecipe(**{**DEFAULT_AUDIENCE, **given.get("audience", {})})
    except ValueError as error:
        raise ControlError(400, f"audience: {error}") from None
    channels = [c["id"] for c in given.get("channels", ())]
    if len(set(channels)) < len(channels):
        raise ControlError(400, f"channels: expected each id once, got {channels}")
    return SandboxSettings(
        name=given.get("name") or call.control.sandboxes.fresh_name(),
        seed=given["seed"],
        start=_start(call, clock, clock_of),
        rate=float(clock.get("rate", 1)) if clock["mode"] == "real" else None,
        audience=audience,
        channels=tuple(_channel(call, c) for c in given["channels"]) if "channels" in given else DEFAULT_CHANNELS,
        rate_limits=given.get("rate_limits", True),
        allow_remote_webhooks=given.get("allow_remote_webhooks", False),
        nightly_at=_time_of_day(given["nightly"]["at"]) if "nightly" in given else None,
        dialects=given.get("dialects", {}),
    )


def _start(call: ControlCall, clock: dict[str, Any], clock_of: Sandbox | None) -> Instant:
    if clock_of is not None:
        return clock_of.clock.now()
    return read_instant(clock["start"]) if "start" in clock else int(call.control.wall.time() * 1000)


def _time_of_day(text: str) -> int:
    """Milliseconds after midnight; the contract has seen to its form."""
    hours, minutes = text.split(":")
    return int(hours) * HOUR + int(minutes) * MINUTE


def _channel(call: ControlCall, given: dict[str, Any]) -> Channel:
    holders = _template_holders(call)
    if given["provider"] not in holders:
        known = ", ".join(holders)
        raise ControlError(
            400, f"channel {given['id']}: {given['provider']!r} is not a message provider; there are: {known}"
        )
    kind, testing = given.get("kind", "scheduled"), given.get("testing", False)
    return Channel(id=given["id"], provider=given["provider"], kind=kind, testing=testing)


def sandbox_view(control: "Control", sandbox: Sandbox) -> dict[str, object]:
    """What a person or a program needs to point a bridge at a sandbox."""
    urls = control.addresses.services
    return {
        "sandbox": sandbox.id,
        "seed": sandbox.settings.seed,
        "country": sandbox.settings.audience.country,
        "clock": _clock(sandbox),
        "services": {
            name: {"url": urls[name] + _base_path(control, sandbox, name), "credentials": values}
            for name, values in sandbox.credentials.items()
        },
        "channels": [channel.view() for channel in sandbox.settings.channels],
    }


def _base_path(control: "Control", sandbox: Sandbox, service: str) -> str:
    return control.services[service].provider.base_path(sandbox.contexts[service])


async def get_state(call: ControlCall) -> Response:
    """Listeners, channel templates, journal counts."""
    sandbox = call.sandbox
    overview = campaigns_of(call).overview(sandbox.states[PLATFORM])
    return json_response({**overview, "counts": dict(sandbox.journal.counts)})


async def get_history(call: ControlCall) -> Response:
    """The whole history, streamed."""
    lines = call.sandbox.history(call.control.addresses.services)
    return StreamedResponse(content_type=NDJSON, lines=lines)


async def get_expectations(call: ControlCall) -> Response:
    """The part of the history that is true before anything happens, streamed."""
    return StreamedResponse(content_type=NDJSON, lines=call.sandbox.expectations())


async def get_journal(call: ControlCall) -> Response:
    """The journal from some byte on, as far as it goes."""
    start, max_bytes = call.params["start"], call.params.get("max_bytes", JOURNAL_BYTES)
    return Response(content_type=NDJSON, body=call.sandbox.journal.read(start, max_bytes))


# -- clock ---------------------------------------------------------------------------------------


async def get_clock(call: ControlCall) -> Response:
    """The clock."""
    return json_response(_clock(call.sandbox))


async def advance_clock(call: ControlCall) -> Response:
    """Move virtual time on."""
    sandbox, given = call.sandbox, call.body
    if ("to" in given) == ("by_ms" in given):
        raise ControlError(400, "give either `to` or `by_ms`")
    to = read_instant(given["to"]) if "to" in given else sandbox.clock.now() + given["by_ms"]
    if to > LAST_INSTANT:
        raise ControlError(400, f"expected a target before the year {YEARS.stop}, got one {to - LAST_INSTANT} ms later")
    _note_on_clock(call, {"action": "advance", "to": iso(to)})
    try:
        await sandbox.clock.advance(to, given.get("timeout_s", ADVANCE_TIMEOUT_S))
    except ValueError as error:
        raise ControlError(409, str(error)) from None
    except NotQuietError as error:
        raise ControlError(504, str(error)) from None
    return json_response(_clock(sandbox))


async def park_clock(call: ControlCall) -> Response:
    """Wait until an instant, or until something was delivered."""
    sandbox, given = call.sandbox, call.body
    clock, name = sandbox.clock, given["participant"]
    if name not in clock.participants:
        _note_on_clock(call, {"action": "joined", "participant": name})
    until = None if given.get("until") is None else read_instant(given["until"])
    reason = await clock.park(name, until, given["since"])
    return json_response({"now": iso(clock.now()), "delivered": clock.delivered, "reason": reason})


async def leave_clock(call: ControlCall) -> Response:
    """Somebody takes part no more."""
    sandbox, name = call.sandbox, call.params["participant"]
    attempt(lambda: sandbox.clock.dismiss(name))
    _note_on_clock(call, {"action": "left", "participant": name})
    return Response(status=204, content_type="")


def _note_on_clock(call: ControlCall, fields: dict[str, object]) -> None:
    """Whoever lives on the clock has it in its journal."""
    for sandbox in call.control.sandboxes.on_clock_of(call.sandbox):
        sandbox.record("clock", fields)


def _clock(sandbox: Sandbox) -> dict[str, object]:
    clock = sandbox.clock
    due = clock.next_due()
    return {
        "now": iso(clock.now()),
        "mode": clock.mode,
        "rate": clock.rate,
        "advancing": clock.advancing,
        "delivered": clock.delivered,
        "in_flight": clock.in_flight + clock.outgoing,
        "participants": [
            {"name": p.name, "parked": clock.parked(p), "until": None if p.until is None else iso(p.until)}
            for p in clock.participants.values()
        ],
        "next": None if due is None else iso(due),
    }


# -- templates -----------------------------------------------------------------------------------


async def list_templates(call: ControlCall) -> Response:
    """The templates of a provider."""
    templates, state = _templates(call)
    return json_response([_template_view(t) for t in templates.all(state)])


async def add_templates(call: ControlCall) -> Response:
    """Let a provider hold more templates: all of those given, or none."""
    templates, state = _templates(call)
    titles = [given["title"] for given in call.body]
    taken = {t.title for t in templates.all(state)} & set(titles)
    if taken or len(set(titles)) < len(titles):
        raise ControlError(409, f"titles must differ: {sorted(taken or titles)}")
    added = []
    for given in call.body:
        template, effects = attempt(
            lambda given=given: templates.add(state, now_of(call), given["title"], given["body"], given.get("id"))
        )
        call.sandbox.follow(call.params["service"], effects)
        added.append(_template_view(template))
    return json_response(added, status=201)


async def change_template(call: ControlCall) -> Response:
    """Rename a template or change its text."""
    templates, state = _templates(call)
    given, id_ = call.body, call.params["template"]
    template, effects = attempt(
        lambda: templates.change(state, now_of(call), id_, given.get("title"), given.get("body"))
    )
    call.sandbox.follow(call.params["service"], effects)
    return json_response(_template_view(template))


async def delete_template(call: ControlCall) -> Response:
    """Delete a template at its provider."""
    templates, state = _templates(call)
    effects: Effects = attempt(lambda: templates.delete(state, now_of(call), call.params["template"]))
    call.sandbox.follow(call.params["service"], effects)
    return Response(status=204, content_type="")


def attempt(action: Any) -> Any:
    """Do it, and let what it refuses become a problem."""
    try:
        return action()
    except KeyError as error:
        raise ControlError(404, str(error.args[0])) from None
    except ValueError as error:
        raise ControlError(409, str(error)) from None


def _templates(call: ControlCall) -> tuple[Templates, Any]:
    sandbox = call.sandbox
    return templates_of(call, call.params["service"]), sandbox.states[call.params["service"]]


def _template_holders(call: ControlCall) -> dict[str, Templates]:
    services = call.control.services.items()
    return {name: s.provider.templates for name, s in services if s.provider.templates is not None}


def templates_of(call: ControlCall, name: str) -> Templates:
    """The templates of a message provider."""
    holders = _template_holders(call)
    if name not in holders:
        raise ControlError(404, f"{name!r} is not a message provider; there are: {', '.join(holders)}")
    return holders[name]


def _template_view(template: Template) -> dict[str, object]:
    return {"id": template.id, "title": template.title, "body": template.body}


async def get_settings(call: ControlCall) -> Response:
    """What the user of a service has set."""
    settings, state = _provider_settings(call)
    return json_response(settings.read(state))


async def replace_settings(call: ControlCall) -> Response:
    """Set everything that the user of a service can set."""
    settings, state = _provider_settings(call)
    try:
        effects = settings.replace(call.sandbox.contexts[call.params["service"]], state, now_of(call), call.body)
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    call.sandbox.follow(call.params["service"], effects)
    return json_response(settings.read(state))


def _provider_settings(call: ControlCall) -> tuple[ProviderSettings, Any]:
    sandbox, name = call.sandbox, call.params["service"]
    holders = {s.provider.name: s.provider.settings for s in call.control.services.values() if s.provider.settings}
    if name not in holders:
        known = ", ".join(holders) or "none"
        raise ControlError(404, f"{name!r} is not a service with settings; there are: {known}")
    return holders[name], sandbox.states[name]


async def preview_service(call: ControlCall) -> Response:
    """What a service would do, without doing it."""
    sandbox, name = call.sandbox, call.params["service"]
    previews = {s.provider.name: s.provider.preview for s in call.control.services.values() if s.provider.preview}
    if name not in previews:
        raise ControlError(404, f"{name!r} is not a service with a preview; there are: {', '.join(previews) or 'none'}")
    try:
        return json_response(
            await previews[name](sandbox.contexts[name], sandbox.states[name], now_of(call), call.body)
        )
    except ValueError as error:
        raise ControlError(400, str(error)) from None


def read_instant(text: str) -> Instant:
    """The instant that a client wrote."""
    try:
        return parse_iso(text)
    except ValueError as error:
        raise ControlError(400, str(error)) from None


def now_of(call: ControlCall) -> Instant:
    """What time it is in the sandbox."""
    return call.sandbox.clock.now()


def campaigns_of(call: ControlCall) -> Campaigns:
    """The campaigns of the marketing platform."""
    campaigns = call.control.services[PLATFORM].provider.campaigns
    if campaigns is None:
        raise LookupError(f"{PLATFORM} has no campaigns")
    return campaigns
