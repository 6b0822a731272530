"""A preview of the integration: the request that Delivyr would send for one event of type 11.

documented: https://docs.delivyr.net/docs/optimove-triggered-overrides: personal information comes from the event, or
from Optimove; the first attribute is the phone number, the others are variables; then the overrides apply.
"""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.core.subprocess_eval import run_in_subprocess
from sendproof_simulators.services.delivyr.dialects import OVERRIDE_MERGE
from sendproof_simulators.services.delivyr.optimove_integration import (
    integration_from_json,
    own_template_urls,
    read,
    template_urls,
)
from sendproof_simulators.services.delivyr.overrides import merge
from sendproof_simulators.services.delivyr.sending import find_problems
from sendproof_simulators.services.delivyr.state import NAME, Integration, State
from sendproof_simulators.services.delivyr.templates import id_in_name

_SETTINGS_OF_LINKS = frozenset({"default_url", "template_urls"})
_OVERRIDES_MODULE = f"{__package__}.overrides"


async def preview(
    context: SandboxContext, state: State, now: Instant, arguments: Mapping[str, Any]
) -> Mapping[str, object]:
    """Return the message `request` for an event, and the `problems` of a send with it.

    `arguments` are the `event`, and optionally `settings` to try instead of the current ones. Raise `ValueError` if one
    is invalid.
    """
    unknown = sorted(arguments.keys() - {"event", "settings"})
    if unknown or not isinstance(arguments.get("event"), dict) or not isinstance(arguments.get("settings", {}), dict):
        raise ValueError("expected an object with the event as `event`, and optionally settings to try as `settings`")
    integration, urls = state.integration, state.template_urls
    if "settings" in arguments:
        values = {**read(state), "template_urls": own_template_urls(state), **arguments["settings"]}
        integration = integration_from_json(context, values)
        if not _SETTINGS_OF_LINKS.isdisjoint(arguments["settings"]):
            urls = template_urls(context, state, values, integration)
    event: Mapping[str, Any] = arguments["event"]
    request = _request_without_overrides(integration, event, _personal_information(context, event, now), urls)
    if integration.overrides is not None:
        overrides = await _evaluated_overrides(context, integration.overrides, event, now)
        request = merge(request, overrides, deep=context.dialects[OVERRIDE_MERGE] == "deep")
    return {"request": request, "problems": _problems(context, state, request)}


def _request_without_overrides(
    integration: Integration, event: Mapping[str, Any], attributes: Mapping[str, Any], urls: Mapping[str, str]
) -> dict[str, Any]:
    """Return the message request of an event; raise `ValueError` if the event names no template."""
    template = id_in_name(str(event.get("templateName", "")))
    if template is None:
        raise ValueError(f"event.templateName: expected '<id of 8> - <name>', got {event.get('templateName')!r:.100}")
    phone, *others = integration.attributes
    request: dict[str, Any] = {"template_id": template, "phone_number": attributes.get(phone)}
    if template in urls:
        request["url"] = urls[template]
    variables = {name: attributes.get(name) for name in others}
    return {**request, "variables": variables, "testing": integration.testing}


def _personal_information(context: SandboxContext, event: Mapping[str, Any], now: Instant) -> Mapping[str, Any]:
    """Return the attributes in the event, or those that Optimove has of the customer."""
    personalization = event.get("personalization")
    attributes = personalization.get("personalInfo") if isinstance(personalization, dict) else None
    if isinstance(attributes, dict):
        return attributes
    customer = context.customers.find(str(event.get("customerID", "")), now)
    if customer is None:
        raise ValueError(
            "event: expected personalization.personalInfo, or the customerID of a customer of this sandbox, "
            f"got neither (customerID {event.get('customerID')!r:.100})"
        )
    return customer.attributes


async def _evaluated_overrides(
    context: SandboxContext, expression: str, event: Mapping[str, Any], now: Instant
) -> dict[str, Any]:
    random = context.random.fraction(NAME, "override", event.get("requestId"))
    arguments = {"expression": expression, "event": event, "now": iso(now), "millis": now, "random": random}
    try:
        result = await run_in_subprocess(_OVERRIDES_MODULE, arguments)
    except ValueError as error:
        raise ValueError(f"overrides: {error}") from None
    if result is None:
        return {}
    if not isinstance(result, dict):
        raise ValueError(f"overrides: expected an object to merge, got {result!r:.100}")  # noqa: TRY004 - like other invalid values
    return result


def _problems(context: SandboxContext, state: State, request: Mapping[str, Any]) -> list[str]:
    wrong = [name for name in ("template_id", "phone_number") if not isinstance(request.get(name), str)]
    if not isinstance(request.get("variables"), dict):
        wrong.append("variables")
    if wrong:
        return [f"invalid_request: {', '.join(wrong)} not of the right type"]
    return find_problems(context, state, request)
