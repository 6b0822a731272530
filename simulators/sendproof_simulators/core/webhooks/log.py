"""The log of a sandbox's recent webhooks: for inspection and resending. The history has the complete record."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from itertools import islice

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import Webhook

# Room for a burst of triggers. With a million receipts, the log needs a few megabytes.
KEPT_PER_SERVICE = 2_000
#: Of the body of one webhook; longer ones are cut off.
SHOWN_BYTES = 65_536
# Enough to see which parts of a URL are the same for all messages.
_COMPARED = 200


class LoggedWebhook(msgspec.Struct):
    """One webhook, the number of its additional copies, and the instants and results of all attempts so far."""

    service: str
    webhook: Webhook
    copies: int = 0
    attempts: list[tuple[Instant, Mapping[str, object]]] = msgspec.field(default_factory=list)

    def add_attempt(self, at: Instant, result: Mapping[str, object]) -> None:
        """Record how an attempt ended."""
        self.attempts.append((at, result))


class WebhookLog:
    """The newest webhooks of each service, by key."""

    def __init__(self) -> None:
        self._webhooks: dict[str, OrderedDict[str, LoggedWebhook]] = {}

    def add(self, service: str, webhook: Webhook) -> LoggedWebhook:
        """Add a webhook, and remove the oldest of the service if there are too many."""
        kept = self._webhooks.setdefault(service, OrderedDict())
        logged = kept[webhook.key] = LoggedWebhook(service, webhook)
        kept.move_to_end(webhook.key)
        if len(kept) > KEPT_PER_SERVICE:
            kept.popitem(last=False)
        return logged

    def find(self, service: str, key: str) -> LoggedWebhook:
        """Return a webhook by its key; `KeyError` if the log does not contain it, or no longer."""
        try:
            return self._webhooks[service][key]
        except KeyError:
            raise KeyError(
                f"no webhook of {service} is named {key!r} among its newest {KEPT_PER_SERVICE:,}; the log lists them"
            ) from None

    def urls(self, service: str, event: str) -> list[str]:
        """Return the URLs of the newest webhooks with an event, one for each webhook."""
        kept = reversed(self._webhooks.get(service, OrderedDict[str, LoggedWebhook]()).values())
        return [logged.webhook.url for logged in islice(kept, _COMPARED) if logged.webhook.event == event]

    def with_key(self, service: str | None, key: str) -> Iterator[dict[str, object]]:
        """Yield the webhooks with one key, at most one of each service (None: all), as JSON with the body."""
        for name, kept in self._webhooks.items():
            if service in {None, name} and key in kept:
                webhook = kept[key].webhook
                text = webhook.body[:SHOWN_BYTES].decode("utf-8", "replace")
                yield {**_logged_json(kept[key]), "content_type": webhook.content_type, "body": text}

    def as_json(
        self, service: str | None, event: str | None, limit: int = KEPT_PER_SERVICE
    ) -> Iterator[dict[str, object]]:
        """Yield the newest webhooks of one service and event (None: all) as JSON, oldest first.

        `limit` is the maximum number of each service.
        """
        for name, kept in self._webhooks.items():
            if service in {None, name}:
                matching = (logged for logged in reversed(kept.values()) if event in {None, logged.webhook.event})
                for logged in reversed(list(islice(matching, limit))):
                    yield _logged_json(logged)


def _logged_json(logged: LoggedWebhook) -> dict[str, object]:
    return {
        "service": logged.service,
        "event": logged.webhook.event,
        "key": logged.webhook.key,
        "url": logged.webhook.url,
        "about": dict(logged.webhook.about),
        "attempts": [{"at": iso(at), **result} for at, result in logged.attempts],
    }
