"""The provider's templates of a channel, stored at each fetch."""

from collections.abc import Iterable, Mapping

from sqlalchemy import text

from sendproof_bridge.domain.accounts import Bridge, Channel
from sendproof_bridge.outbound.providers import Template
from sendproof_bridge.storage import schema

_DELETE = text("DELETE FROM template WHERE client = :client AND channel = :channel")
_SELECT = text("SELECT id, title, body FROM template WHERE client = :client AND channel = :channel ORDER BY id")


def fetch_templates(bridge: Bridge, client: str, channel: Channel) -> dict[int, Template]:
    """Fetch the provider's templates and store them; return them by id."""
    templates = channel.provider.list_templates()
    key = {"client": client, "channel": channel.config.id}
    rows = [{**key, "id": template.id, "title": template.title, "body": template.body} for template in templates]
    with bridge.store.write() as tx:
        tx.execute(_DELETE, key)
        if rows:
            tx.execute(schema.template.insert(), rows)
    return {template.id: template for template in templates}


def stored_templates(bridge: Bridge, client: str, channel: Channel) -> Mapping[int, Template]:
    """Return the templates of the last fetch, by id."""
    with bridge.store.read() as tx:
        rows = tx.execute(_SELECT, {"client": client, "channel": channel.config.id}).mappings()
        return {row["id"]: Template(**row) for row in rows}


def attribute_names(channel: Channel, templates: Iterable[Template]) -> list[str]:
    """Return phone (first, as in vendors' guides), consent, and the attributes of the provider and the templates.

    A provider that knows the customers needs none of them; the consent is then all that the bridge reads. An e-mail
    needs the address instead of the phone number, and a push notification neither.
    """
    consent = [channel.config.consent_attribute] if channel.config.checks_attribute else []
    if channel.provider.knows_customers:
        return consent
    placeholders = {name for template in templates for name in channel.provider.placeholders(template.body)}
    first = [*channel.config.address_attributes, *consent, *channel.provider.required_attributes]
    return [*dict.fromkeys(first), *sorted(placeholders.difference(first))]
