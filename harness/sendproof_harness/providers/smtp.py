"""A mail relay over SMTP. Sources of the facts: openapi/smtp.yaml."""

from collections.abc import Mapping
from typing import Literal

from sendproof_harness.providers.record import PreflightProbe, ProbeRequest, ProbeResponse, Provider

_WRONG_LOGIN = 535


def _templates_request(credentials: Mapping[str, str]) -> ProbeRequest:
    headers = {"x-smtp-user": credentials["smtp_user"], "x-smtp-password": credentials["smtp_password"]}
    return ProbeRequest(method="GET", path="/templates", headers=headers)


def _is_refusal(response: ProbeResponse) -> bool:
    return isinstance(response.json, dict) and response.json.get("code") == _WRONG_LOGIN


def _credential_status(response: ProbeResponse) -> Literal["ok", "wrong", "unknown"]:
    if _is_refusal(response):
        return "wrong"
    return "ok" if isinstance(response.json, dict) and "templates" in response.json else "unknown"


PROVIDER = Provider(
    name="smtp",
    title="SMTP relay",
    send_operation="submitMessage",
    template_operation="listTemplates",
    receipt_event="dsn",
    failure_event="dsn",
    delay_status="delayed",
    opt_out_events=frozenset({"unsubscribe"}),
    # documented: 5.1.1 is a mailbox that does not exist, 5.7.1 a policy, RFC 3463
    permanent_rejections=frozenset(
        {
            "The mailbox does not exist",
            "The recipient's server blocks the sender",
            "The recipient is on the suppression list",
        }
    ),
    refused_recipients_bounce=True,
    opt_out_rejections=frozenset({"The recipient is on the suppression list"}),
    # documented: 4.2.0 is a mailbox that is busy; the retry interval should be at least 30 minutes, RFC 5321 4.5.4.1
    temporary_refusals=frozenset({"4.2.0"}),
    retry_interval=30 * 60 * 1000,
    # A notification goes to the envelope sender, whose mail the account's inbound route hands over.
    receipts_need_account_webhook=True,
    account_settings=lambda url: {"inbound_url": url},
    message_types=frozenset({"email"}),
    bridge_settings={"from_address": "News <news@client.example>", "bounce_address": "bounces@client.example"},
    preflight=PreflightProbe(
        operation="`listTemplates`",
        expected_refusal="the code 535, in JSON",
        anonymous=ProbeRequest(method="GET", path="/templates"),
        is_refusal=_is_refusal,
        credential_sets=(("smtp_user", "smtp_password"),),
        authenticated=_templates_request,
        credential_status=_credential_status,
    ),
)
