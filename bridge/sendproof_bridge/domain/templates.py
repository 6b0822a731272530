"""The provider's templates of a channel, stored at each fetch."""

from collections.abc import Iterable, Mapping

from sendproof_bridge.domain.accounts import Bridge, Channel
from sendproof_bridge.outbound.providers import Template
from sendproof_bridge.storage.store import execute_many, plain

_SELECT = "SELECT id, title, body FROM template WHERE client = ? AND channel = ? ORDER BY id"
_DELETE = "DELETE FROM template WHERE client = ? AND channel = ?"
_INSERT = "INSERT INTO template (client, channel, id, title, body) VALUES (?, ?, ?, ?, ?)"


def fetch_templates(bridge: Bridge, client: str, channel: Channel) -> dict[int, Template]:
    """Fetch the provider's templates and store them; return them by id."""
    templates = {template.id: template for template in channel.provider.list_templates()}
    # Most fetches change nothing, and a read does not wait for writers.
    if templates != stored_templates(bridge, client, channel):
        key = client, channel.config.id
        rows = [(*key, template.id, template.title, template.body) for template in templates.values()]
        with bridge.store.write() as tx:
            plain(tx).execute(_DELETE, key)
            execute_many(tx, _INSERT, rows)
    return templates


def stored_templates(bridge: Bridge, client: str, channel: Channel) -> Mapping[int, Template]:
    """Return the templates of the last fetch, by id."""
    with bridge.store.read() as tx:
        rows = plain(tx).execute(_SELECT, (client, channel.config.id)).fetchall()
    return {id_: Template(id=id_, title=title, body=body) for id_, title, body in rows}


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
