"""What Optimove was told, for a person to read: totals, interactions, preferences, attributes, promotions, apps."""

from collections import Counter

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.services.optimove.state import Metric, State


def of(state: State, now: Instant) -> dict[str, object]:
    """All of it, as JSON. Customers are counted, not listed: the history lists them."""
    return {
        "at": iso(now),
        "metrics": [_metric(metric, value) for metric, value in sorted(state.metrics.items())],
        "interactions": [{**one._asdict(), "customers": count} for one, count in sorted(state.interactions.items())],
        "preferences": [
            {"channel": channel, "app": app, "customers_by_mode": dict(sorted(Counter(known.values()).items()))}
            for (channel, app), known in sorted(state.preferences.items(), key=lambda item: str(item[0]))
        ],
        "attributes": [
            {
                "name": one.name,
                "type": one.type,
                "default": one.default,
                "added_by_api": one.added is not None,
                "customers_changed": len(state.records.changed(one.name)),
            }
            for one in state.records.attributes
        ],
        "promotions": [{"code": code, "name": name} for code, name in sorted(state.promotions.items())],
        "apps": {
            str(channel): [{"id": id_, "name": name} for id_, name in sorted(apps.items())]
            for channel, apps in state.apps.items()
        },
    }


def _metric(metric: Metric, value: int) -> dict[str, object]:
    return {**metric._asdict(), "value": value}
