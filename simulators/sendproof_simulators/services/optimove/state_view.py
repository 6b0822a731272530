"""All data that Optimove has received, for people: totals, interactions, preferences, attributes, promotions, apps."""

from collections import Counter

from sendproof_simulators.core.audience.records import Attribute
from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.services.optimove.state import State


def state_json(state: State, now: Instant) -> dict[str, object]:
    """Return all of it as JSON. Customers are counted here; the history lists them."""
    return {
        "at": iso(now),
        "metrics": [{**metric._asdict(), "value": value} for metric, value in sorted(state.metrics.items())],
        "interactions": [
            {**interaction._asdict(), "customers": count} for interaction, count in sorted(state.interactions.items())
        ],
        "preferences": [
            {"channel": channel, "app": app, "customers_by_mode": dict(sorted(Counter(modes.values()).items()))}
            for (channel, app), modes in sorted(state.preferences.items(), key=lambda item: str(item[0]))
        ],
        "attributes": [_attribute_json(state, attribute) for attribute in state.records.attributes],
        "promotions": [{"code": code, "name": name} for code, name in sorted(state.promotions.items())],
        "apps": {
            str(channel): [{"id": id_, "name": name} for id_, name in sorted(apps.items())]
            for channel, apps in state.apps.items()
        },
    }


def _attribute_json(state: State, attribute: Attribute) -> dict[str, object]:
    return {
        "name": attribute.name,
        "type": attribute.type,
        "default": attribute.default,
        "added_by_api": attribute.added_at is not None,
        "customers_changed": len(state.records.changes_of(attribute.name)),
    }
