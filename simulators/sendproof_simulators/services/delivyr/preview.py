"""Try the integration: what Delivyr would send for one event of type 11, with the settings as they are.

documented: https://docs.delivyr.net/docs/optimove-triggered-overrides: personal information from the event, else asked
for; the first attribute is the phone number, the others are variables; then the overrides.
"""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.core.subprocess_eval import run_in_subprocess
from sendproof_simulators.services.delivyr.dialects import OVERRIDE_MERGE
from sendproof_simulators.services.delivyr.optimove_integration import integration_of, read
from sendproof_simulators.services.delivyr.overrides import merged
from sendproof_simulators.services.delivyr.sending import problems_of
from sendproof_simulators.services.delivyr.state import NAME, Integration, State
from sendproof_simulators.services.delivyr.templates import id_in_name

_EVALUATE = f"{__package__}.overrides"


async def preview(
    context: SandboxContext, state: State, now: Instant, asked: Mapping[str, Any]
) -> Mapping[str, object]:
    """`asked`: `event`, and `settings` to try instead of those that are set. `ValueError` says what is wrong.

    The answer: the message `request`, and the `problems` that a send with it would meet.
    """
    unknown = sorted(asked.keys() - {"event", "settings"})
    if unknown or not isinstance(asked.get("event"), dict) or not isinstance(asked.get("settings", {}), dict):
        raise ValueError("expected an object with the event as `event`, and perhaps the settings to try as `settings`")
    integration = state.integration
    if "settings" in asked:
        integration = integration_of(context.audience, {**read(state), **asked["settings"]})
    event: Mapping[str, Any] = asked["event"]
    request = request_of(integration, event, _personal_information(context, event), state.urls)
    if integration.overrides is not None:
        overrides = await _overrides(context, integration.overrides, event, now)
        request = merged(request, overrides, deep=context.dialects[OVERRIDE_MERGE] == "deep")
    return {"request": request, "problems": _problems(context, state, request)}


def request_of(
    integration: Integration, event: Mapping[str, Any], known: Mapping[str, Any], urls: Mapping[str, str]
) -> dict[str, Any]:
    """The message request of an event before any override; `ValueError` when the event names no template."""
    template = id_in_name(str(event.get("templateName", "")))
    if template is None:
        raise ValueError(f"event.templateName: expected '<id of 8> - <name>', got {event.get('templateName')!r:.100}")
    phone, *others = integration.attributes
    request: dict[str, Any] = {"template_id": template, "phone_number": known.get(phone)}
    url = urls.get(template) or integration.default_url
    if url is not None:
        request["url"] = url
    return {**request, "variables": {name: known.get(name) for name in others}, "testing": integration.testing}


def _personal_information(context: SandboxContext, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """From the event; without it, what Optimove knows of the customer."""
    personalization = event.get("personalization")
    given = personalization.get("personalInfo") if isinstance(personalization, dict) else None
    if isinstance(given, dict):
        return given
    index = context.audience.index_of(str(event.get("customerID", "")))
    if index is None:
        raise ValueError(
            "event: expected personalization.personalInfo, or the customerID of a customer of this sandbox, "
            f"got neither (customerID {event.get('customerID')!r:.100})"
        )
    return context.audience.customer(index).attributes


async def _overrides(
    context: SandboxContext, expression: str, event: Mapping[str, Any], now: Instant
) -> dict[str, Any]:
    random = context.random.fraction(NAME, "override", event.get("requestId"))
    asked = {"expression": expression, "event": event, "now": iso(now), "millis": now, "random": random}
    try:
        result = await run_in_subprocess(_EVALUATE, asked)
    except ValueError as error:
        raise ValueError(f"overrides: {error}") from None
    if result is None:
        return {}
    if not isinstance(result, dict):
        raise ValueError(f"overrides: expected an object to merge, got {result!r:.100}")  # noqa: TRY004 - as any other
    return result


def _problems(context: SandboxContext, state: State, request: Mapping[str, Any]) -> list[str]:
    wrong = [name for name in ("template_id", "phone_number") if not isinstance(request.get(name), str)]
    if not isinstance(request.get("variables"), dict):
        wrong.append("variables")
    if wrong:
        return [f"invalid_request: {', '.join(wrong)} not of the right type"]
    return problems_of(context, state, request)
