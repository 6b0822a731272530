"""What a sandbox has sent to its users lately.

The log is for looking at and for sending again. It keeps the newest; the whole record is the history.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sendproof_simulators.core.clock.wall_clock import Instant, iso
from sendproof_simulators.core.effects import Webhook

# A burst of triggers fits in; with a million receipts the log costs a few megabytes all the same.
KEPT_PER_SERVICE = 2_000


@dataclass(slots=True)
class LoggedWebhook:
    """One webhook, how often it has been sent anew, and every attempt so far."""

    service: str
    webhook: Webhook
    copies: int = 0
    attempts: list[dict[str, object]] = field(default_factory=list)


class WebhookLog:
    """The newest webhooks of each service, by name."""

    def __init__(self) -> None:
        self._posted: dict[str, OrderedDict[str, LoggedWebhook]] = {}

    def post(self, service: str, webhook: Webhook) -> LoggedWebhook:
        """Remember a webhook; the oldest is forgotten when there are too many."""
        kept = self._posted.setdefault(service, OrderedDict())
        posted = kept[webhook.key] = LoggedWebhook(service, webhook)
        kept.move_to_end(webhook.key)
        if len(kept) > KEPT_PER_SERVICE:
            kept.popitem(last=False)
        return posted

    def note(self, posted: LoggedWebhook, at: Instant, attempt: dict[str, object]) -> None:
        """Remember how an attempt ended."""
        posted.attempts.append({"at": iso(at), **attempt})

    def find(self, service: str, key: str) -> LoggedWebhook:
        """A webhook by its name; `KeyError` when it is not (or no more) known."""
        try:
            return self._posted[service][key]
        except KeyError:
            raise KeyError(
                f"no webhook of {service} is named {key!r} among its newest {KEPT_PER_SERVICE:,}; the log lists them"
            ) from None

    def log(self, service: str | None, event: str | None) -> Iterator[dict[str, object]]:
        """The newest webhooks, oldest first, of one service and event or of all."""
        for name, kept in self._posted.items():
            for posted in kept.values():
                if service in {None, name} and event in {None, posted.webhook.event}:
                    yield {
                        "service": name,
                        "event": posted.webhook.event,
                        "key": posted.webhook.key,
                        "url": posted.webhook.url,
                        "about": dict(posted.webhook.about),
                        "attempts": list(posted.attempts),
                    }
