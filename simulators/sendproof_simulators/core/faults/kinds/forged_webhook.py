"""Copies of a webhook by someone who cannot prove that they come from the service."""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from sendproof_simulators.core.faults.spec import Draw, WebhookFault, WebhookFaultPlan


@dataclass(frozen=True, kw_only=True)
class ForgedWebhook(WebhookFault):
    """A stranger posts a webhook, changed to another statement, before and after the service does.

    The receipt of a failed message says "delivered", a reply to a text message STOP, and event 13 becomes event 4. A
    one-click unsubscription is about another recipient, whose URL is guessed.
    If the account authenticates its webhooks, the copies have the signature of the real body, or no password or key.
    Otherwise they have another `secret` in their URL. If there is neither, and the URL is no
    proof itself, nothing is forged. If the bridge serves another client, one more copy has the secret of that client.
    A URL gets it only if the copy could not be a genuine webhook of that client.
    """

    secret: Annotated[
        str, Meta(max_length=200, description="secret part of the URL; Sendproof takes `webhook_token` of the handover")
    ] = ""

    other_secret: Annotated[
        str,
        Meta(
            max_length=200, description="secret of another client of the bridge; Sendproof takes that of the next one"
        ),
    ] = ""

    def plan(self, draw: Draw) -> WebhookFaultPlan:
        del draw
        return WebhookFaultPlan(forged=True, secret=self.secret, other_secret=self.other_secret)
