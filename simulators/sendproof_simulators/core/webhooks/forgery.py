"""Forged copies of webhooks: an attacker knows the form of a body, and no secret but perhaps another client's."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from sendproof_simulators.core.effects import RetryPolicy, Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgedCopy:
    """One forged copy. `of_other_client`: it has the secret of another client as its proof of origin."""

    webhook: Webhook
    of_other_client: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """Forged copies, and the proof of origin that they lack: `authentication` or the `token` of the URL."""

    copies: tuple[ForgedCopy, ...]
    wrong: str


def forge(webhook: Webhook, secret: str, other_secret: str = "", *, in_url: bool = False) -> Forgery | None:
    """Return forged copies, with another `secret` in their URL if the service does not authenticate itself.

    A URL that is the proof itself is guessed.
    Where a stranger can copy a signature of another text, there is a copy with it, and one without a signature. With
    the secret of another client, `other_secret`, there is one more copy; with it `in_url` only if that client could not
    have got the copy itself. Return None if nothing proves the origin of the webhook, or if a copy would say nothing
    new.
    """
    if webhook.forged_url is not None:
        guessed = replace(webhook, url=webhook.forged_url, retry=RetryPolicy())
        return Forgery(copies=(ForgedCopy(webhook=guessed),), wrong="token")
    if webhook.forged_body is None:
        return None
    forged = replace(webhook, body=webhook.forged_body, headers=webhook.forged_headers, retry=RetryPolicy())
    if webhook.headers:
        return Forgery(copies=tuple(_unauthenticated(forged, other_secret)), wrong="authentication")
    if secret and secret in webhook.url:
        copies = [ForgedCopy(webhook=replace(forged, url=webhook.url.replace(secret, "0" * len(secret))))]
        if other_secret and in_url:
            elsewhere = replace(forged, url=webhook.url.replace(secret, other_secret))
            copies.append(ForgedCopy(webhook=elsewhere, of_other_client=True))
        return Forgery(copies=tuple(copies), wrong="token")
    return None


def _unauthenticated(forged: Webhook, other_secret: str) -> Iterator[ForgedCopy]:
    """Yield copies with headers that a stranger can show, without any, and with those of another client."""
    yield ForgedCopy(webhook=forged)
    if forged.headers:
        yield ForgedCopy(webhook=replace(forged, headers=()))
    if other_secret and forged.other_headers is not None:
        yield ForgedCopy(webhook=replace(forged, headers=forged.other_headers(other_secret)), of_other_client=True)
