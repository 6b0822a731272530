"""Forged copies of webhooks: an attacker knows the form of a body, but no secret."""

from dataclasses import dataclass

from msgspec.structs import replace

from sendproof_simulators.core.effects import RetryPolicy, Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """Forged copies, and the proof of origin that they lack: `authentication` or the `token` of the URL."""

    webhooks: tuple[Webhook, ...]
    wrong: str


def forge(webhook: Webhook, secret: str) -> Forgery | None:
    """Return a forged copy, with another `secret` in its URL if the service does not authenticate itself.

    A URL that is the proof itself is guessed.
    Where a stranger can copy a signature of another text, there is a copy with it, and one without a signature. Return
    None if nothing proves the origin of the webhook, or if a copy would say nothing new.
    """
    if webhook.forged_url is not None:
        return Forgery(webhooks=(replace(webhook, url=webhook.forged_url, retry=RetryPolicy()),), wrong="token")
    if webhook.forged_body is None:
        return None
    forged = replace(webhook, body=webhook.forged_body, headers=webhook.forged_headers, retry=RetryPolicy())
    if webhook.headers:
        unsigned = (replace(forged, headers=()),) if forged.headers else ()
        return Forgery(webhooks=(forged, *unsigned), wrong="authentication")
    if secret and secret in webhook.url:
        elsewhere = replace(forged, url=webhook.url.replace(secret, "0" * len(secret)))
        return Forgery(webhooks=(elsewhere,), wrong="token")
    return None
