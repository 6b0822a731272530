"""What a sandbox has sent to its users lately, and what is done to it on the way: copies, delays, losses, disorder.

The log is for looking at and for sending again. It keeps the newest; the whole record is the history.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sendproof_simulators.core.chance import Chance
from sendproof_simulators.core.clock import Instant, iso
from sendproof_simulators.core.exchange import Webhook

# A burst of triggers fits in; with a million receipts the log costs a few megabytes all the same.
KEPT_PER_SERVICE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPolicy:
    """What happens on the way to the webhooks of one service, of one event or (None) of every event without its own.

    Each comes `duplicate` times more; its first attempt is `delay_ms` late and up to `reorder_ms` more, as its name and
    the seed decide. Of each the first `drop` attempts are lost.
    """

    service: str
    event: str | None = None
    duplicate: int = 0
    delay_ms: int = 0
    reorder_ms: int = 0
    drop: int = 0

    def wait(self, chance: Chance, key: str, copy: int) -> int:
        """Milliseconds until the first attempt of one copy."""
        if not self.reorder_ms:
            return self.delay_ms
        return self.delay_ms + chance.below(self.reorder_ms + 1, "webhook", self.service, key, copy)


@dataclass(slots=True)
class Posted:
    """One webhook, how often it has been sent anew, and every attempt so far."""

    service: str
    webhook: Webhook
    copies: int = 0
    attempts: list[dict[str, object]] = field(default_factory=list)


class Outbox:
    """The newest webhooks of each service, by name, and the policies of all."""

    def __init__(self) -> None:
        self._posted: dict[str, OrderedDict[str, Posted]] = {}
        self._policies: dict[tuple[str, str | None], WebhookPolicy] = {}

    @property
    def policies(self) -> tuple[WebhookPolicy, ...]:
        """Those in force."""
        return tuple(self._policies.values())

    def set_policy(self, policy: WebhookPolicy) -> None:
        """Put a policy in force, in place of the one that there was for its service and event."""
        self._policies.pop((policy.service, policy.event), None)
        if policy != WebhookPolicy(service=policy.service, event=policy.event):
            self._policies[policy.service, policy.event] = policy

    def policy(self, service: str, event: str) -> WebhookPolicy | None:
        """What holds for an event: the policy of its own, else that of its service."""
        if not self._policies:
            return None
        return self._policies.get((service, event)) or self._policies.get((service, None))

    def post(self, service: str, webhook: Webhook) -> Posted:
        """Remember a webhook; the oldest is forgotten when there are too many."""
        kept = self._posted.setdefault(service, OrderedDict())
        posted = kept[webhook.key] = Posted(service, webhook)
        kept.move_to_end(webhook.key)
        if len(kept) > KEPT_PER_SERVICE:
            kept.popitem(last=False)
        return posted

    def note(self, posted: Posted, at: Instant, attempt: dict[str, object]) -> None:
        """Remember how an attempt ended."""
        posted.attempts.append({"at": iso(at), **attempt})

    def find(self, service: str, key: str) -> Posted:
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
