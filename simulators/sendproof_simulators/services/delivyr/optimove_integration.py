"""The settings of an account: its Optimove integration, and the webhook URL.

documented: https://docs.delivyr.net/docs/optimove: testing mode, on at first; the attributes, which must begin with the
phone number; triggered overrides in JSONata; the default URL, put on the templates that existed before it.
assumed: that an account can have a URL for webhooks (`webhook_url`).
"""

from collections.abc import Mapping
from typing import Any

from sendproof_simulators.core.audience.records import CustomerRecords
from sendproof_simulators.core.clock.wall_clock import Instant
from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.simulator import SandboxContext, Settings
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.delivyr.overrides import check_expression
from sendproof_simulators.services.delivyr.state import EarlierUrl, Integration, State

_FIELDS = ("attributes", "default_url", "other_messages", "overrides", "template_urls", "testing", "webhook_url")
# Each message of the template names them.
_MOST_EARLIER_URLS = 10


def read(state: State) -> Mapping[str, object]:
    """Return all settings."""
    integration = state.integration
    return {
        "testing": integration.testing,
        "attributes": list(integration.attributes),
        "overrides": integration.overrides,
        "default_url": integration.default_url,
        "template_urls": dict(state.template_urls),
        "webhook_url": state.webhook_url,
        "other_messages": state.other_messages,
    }


def replace(context: SandboxContext, state: State, now: Instant, values: Mapping[str, object]) -> Effects:
    """Replace all settings; raise `ValueError` for invalid ones, and then change nothing."""
    integration = integration_from_json(context, values)
    webhook_url = _optional_text(values, "webhook_url")
    other_messages = _boolean(values, "other_messages", default=False)
    urls = template_urls(context, state, values, integration)
    if webhook_url is not None:
        webhook_url = check_webhook_url(webhook_url, context.allow_remote_webhooks)
    state.integration, state.webhook_url, state.other_messages = integration, webhook_url, other_messages
    _keep_earlier_urls(state, now, urls)
    state.template_urls = urls
    return Effects()


SETTINGS = Settings(read=read, replace=replace)


def integration_from_json(context: SandboxContext, values: Mapping[str, object]) -> Integration:
    """Return the settings of the integration alone; raise `ValueError` for invalid ones."""
    customers = context.customers
    unknown = sorted(values.keys() - set(_FIELDS))
    if unknown:
        raise ValueError(f"expected only {', '.join(_FIELDS)}, got {', '.join(unknown)}")
    overrides = _optional_text(values, "overrides")
    if overrides is not None:
        check_expression(overrides, context.limits.override)
    return Integration(
        testing=_boolean(values, "testing", default=True),
        attributes=_attributes(customers, values.get("attributes", [customers.audience.phone_attribute])),
        overrides=overrides,
        default_url=_checked_url(context, "default_url", _optional_text(values, "default_url")),
    )


def template_urls(
    context: SandboxContext, state: State, values: Mapping[str, object], integration: Integration
) -> dict[str, str]:
    """Return the links of templates after a change of the settings; raise `ValueError` for invalid ones.

    documented: the default URL is put on the templates that exist, https://docs.delivyr.net/docs/optimove. assumed:
    not on those with a link of their own.
    """
    urls = _template_urls(context, state, values)
    default = {} if integration.default_url is None else dict.fromkeys(state.templates, integration.default_url)
    return default | urls


def own_template_urls(state: State) -> dict[str, str]:
    """Return the links of templates without those that the default URL has put on them."""
    default = state.integration.default_url
    return {id_: url for id_, url in state.template_urls.items() if url != default}


def _boolean(values: Mapping[str, object], name: str, *, default: bool) -> bool:
    value = values.get(name, default)
    if value is not True and value is not False:
        raise ValueError(f"{name}: expected true or false, got {value!r:.100}")
    return value


def _attributes(customers: CustomerRecords, names: Any) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"attributes: expected a list of names, got {names!r:.100}")
    known_names, phone = [attribute.name for attribute in customers.attributes], customers.audience.phone_attribute
    for name in names:
        if name not in known_names:
            known = ", ".join(known_names)
            raise ValueError(f"attributes: customers have no attribute {name!r:.100}; expected some of {known}")
    if len(set(names)) < len(names):
        raise ValueError(f"attributes: expected each name once, got {names!r}")
    if names[:1] != [phone]:
        first = repr(names[0]) if names else "an empty list"
        raise ValueError(f"attributes: expected the phone number ({phone}) first, got {first}")
    return tuple(names)


def _template_urls(context: SandboxContext, state: State, values: Mapping[str, object]) -> dict[str, str]:
    urls = values.get("template_urls", {})
    if not isinstance(urls, dict):
        raise ValueError(f"template_urls: expected URLs by template id, got {urls!r:.100}")  # noqa: TRY004 - like other invalid values
    for id_ in urls:
        if id_ not in state.templates:
            raise ValueError(f"template_urls: there is no template {id_!r:.100}")
    checked = {id_: _checked_url(context, f"template_urls.{id_}", url) for id_, url in urls.items()}
    return {id_: url for id_, url in checked.items() if url is not None}


def _keep_earlier_urls(state: State, now: Instant, urls: Mapping[str, str]) -> None:
    for id_, url in state.template_urls.items():
        if urls.get(id_) != url:
            earlier = (*state.earlier_urls.get(id_, ()), EarlierUrl(url=url, until=now))
            state.earlier_urls[id_] = earlier[-_MOST_EARLIER_URLS:]


def _optional_text(values: Mapping[str, object], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name}: expected text or null, got {value!r:.100}")
    return value


def _checked_url(context: SandboxContext, name: str, url: object) -> str | None:
    if url is None:
        return None
    limit = context.limits.url
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or len(url) > limit:
        raise ValueError(f"{name}: expected an http or https URL of at most {limit} characters, got {url!r:.100}")
    return url
