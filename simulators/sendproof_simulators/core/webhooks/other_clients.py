"""The other clients of a bridge: which forged webhooks with the secret of one of them are certainly not its own."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.webhooks.log import WebhookLog

_SEPARATORS = re.compile("[/?&=]")
# One address does not show which of its parts is different for each message.
_LEAST_ADDRESSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherClient:
    """The recent webhooks of another client, and whether a number or e-mail address is that of its customer."""

    log: WebhookLog
    knows: Callable[[str], bool]


def is_clearly_forged(webhook: Webhook, others: Sequence[OtherClient]) -> bool:
    """Return True if no other client could get a webhook about this message.

    A bridge may go by the secret in a URL alone, and take the copy for a webhook of the client with that secret. It is
    right, and must find no message there: by the number, or by an id of its own that it gave to the message.
    """
    number = webhook.about.get("number")
    return bool(number) and not webhook.about.get("custom") and not any(other.knows(str(number)) for other in others)


def names_client(own: Sequence[str], secret: str, others: Sequence[str], other_secret: str) -> bool:
    """Return True if addresses name their client before its secret, so that one with another's secret is nobody's.

    The addresses of each client have one value at that place, and are alike otherwise. Without the name, a correct
    bridge tells its clients apart by their secrets, and an address with another client's secret is that client's own.
    What follows the secret proves nothing, as it may belong to one message.
    """
    values, other_values = _values(own, secret), _values(others, other_secret)
    if len(values) != len(other_values):
        return False
    different = [place for place in zip(values, other_values, strict=True) if place[0] != place[1]]
    return len(different) == 1 and all(len(found) == 1 for found in different[0])


def _values(addresses: Sequence[str], secret: str) -> list[set[str]]:
    """Return the values at each place before the secret; none if the addresses are too few, or not alike."""
    starts = [_SEPARATORS.split(address.partition(secret)[0]) for address in addresses if secret in address]
    is_alike = len(starts) >= _LEAST_ADDRESSES and len({len(start) for start in starts}) == 1
    return [set(found) for found in zip(*starts, strict=True)] if is_alike else []
