"""Delivyr. Sources of the API facts: openapi/delivyr.yaml."""

from collections.abc import Mapping
from typing import Literal

from sendproof_harness.providers.record import PreflightProbe, ProbeRequest, ProbeResponse, Provider

_CLIENT_ERROR = range(400, 500)
_OK, _NOT_FOUND, _METHOD_NOT_ALLOWED = 200, 404, 405
_REFUSED = frozenset({401, 403})


def _account_settings(url: str) -> dict[str, object]:
    return {"webhook_url": url}


def _is_refusal(response: ProbeResponse) -> bool:
    return response.status in _CLIENT_ERROR and response.status not in {_NOT_FOUND, _METHOD_NOT_ALLOWED}


def _message_log_request(credentials: Mapping[str, str]) -> ProbeRequest:
    """assumed: the Message Log can be read by a request; if not, the credentials stay unknown."""
    headers = {"x-account-id": credentials["account_id"], "x-api-key": credentials["api_key"]}
    return ProbeRequest(method="GET", path="/messages", query={"limit": "1"}, headers=headers)


def _credential_status(response: ProbeResponse) -> Literal["ok", "wrong", "unknown"]:
    return "ok" if response.status == _OK else "wrong" if response.status in _REFUSED else "unknown"


PROVIDER = Provider(
    name="delivyr",
    title="Delivyr",
    send_operation="sendSms",
    template_operation="listTemplates",
    receipt_event="delivered",
    failure_event="undelivered",
    opt_out_events=frozenset({"opted_out"}),
    # documented: https://docs.delivyr.net/docs/optimove (rejected)
    permanent_rejections=frozenset({"blocked", "cannot_receive", "opted_out"}),
    opt_out_rejections=frozenset({"opted_out"}),
    # The codes are assumed; see openapi/delivyr.yaml.
    final_refusals=frozenset({"template_not_found", "missing_variables", "text_too_long"}),
    # observed: Optimove's ids of templates are numbers, those of Delivyr are the same in base 36
    listed_template=lambda template: int(str(template), 36),
    rejects_late=True,
    has_record=True,
    # documented: https://docs.delivyr.net/docs/customer-io (one phone_number)
    sends_one_message=True,
    # Only some customers can read the Message Log by a request.
    record_operation="listMessages",
    record_operations=frozenset({"listMessages"}),
    # Delivyr reaches numbers of the United States and Canada only.
    default_country="US",
    # documented: https://docs.delivyr.net/docs/optimove (metrics reported)
    reports_each_click=True,
    has_testing_mode=True,
    has_overrides=True,
    account_settings=_account_settings,
    shared_settings={"other_messages": True},
    # documented: https://docs.delivyr.net/docs/customer-io (the redirect target of a template's link)
    link_settings=lambda urls: {"template_urls": dict(urls)},
    # The simulator's Message Log can be read by a request, which is not known of the real one.
    bridge_settings={"message_log": True},
    preflight=PreflightProbe(
        operation="the Message Log",
        expected_refusal="a refusal of a request without a key",
        # The one operation that is documented; without credentials it can send nothing.
        anonymous=ProbeRequest(method="POST", path="/partner/customer_io/send_sms", body={}),
        is_refusal=_is_refusal,
        credential_sets=(("account_id", "api_key"),),
        authenticated=_message_log_request,
        credential_status=_credential_status,
    ),
)
