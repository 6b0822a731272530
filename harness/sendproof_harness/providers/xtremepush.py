"""Xtremepush. Sources of the API facts: openapi/xtremepush.yaml."""

from collections.abc import Mapping
from typing import Literal

from sendproof_harness.providers.record import PreflightProbe, ProbeRequest, ProbeResponse, Provider

_REFUSED_CODES = frozenset({400, 401, 403})


def _list_profile_request(credentials: Mapping[str, str]) -> ProbeRequest:
    """observed: a connector checks its token with list/profile (https://github.com/clientIO/appmixer-connectors)."""
    return ProbeRequest(method="POST", path="/api/external/list/profile", body={**credentials, "limit": 1})


def _is_refusal(response: ProbeResponse) -> bool:
    """documented: the envelope of every response (https://docs.xtremepush.com/docs/external-api-overview)."""
    return isinstance(response.json, dict) and "code" in response.json and response.json.get("success") is False


def _credential_status(response: ProbeResponse) -> Literal["ok", "wrong", "unknown"]:
    content = response.json if isinstance(response.json, dict) else {}
    if content.get("success") is True:
        return "ok"
    return "wrong" if content.get("code") in _REFUSED_CODES else "unknown"


PROVIDER = Provider(
    name="xtremepush",
    title="Xtremepush",
    send_operation="execute_campaign",
    template_operation="list_campaign",
    receipt_event="message_delivery",
    failure_event="message_error",
    opt_out_events=frozenset({"message_unsubscribe"}),
    open_events=frozenset({"message_open"}),
    click_events=frozenset({"message_click"}),
    permanent_rejections=frozenset(
        {
            "Blocked",
            "Landline",
            "Unsubscribed",
            "Suppressed",
            "Outside the segment",
            "No device",
            "DEVICE_UNREGISTERED",
            "No email address",
            "Invalid email address",
        }
    ),
    opt_out_rejections=frozenset({"Unsubscribed"}),
    unknown_customer_rejection="no profile is known by this id",
    import_operation="import_profile",
    # assumed: a row of list/message with `error` 1 in both cases
    rejections_look_undelivered=True,
    # documented: sms_subscription in import/profile, mobile_subscription in execute/campaign
    learned_by_refusal={
        "subscription_name=mobile_subscription": frozenset({"import_profile"}),
        "subscription_name=sms_subscription": frozenset({"execute_campaign"}),
    },
    has_record=True,
    record_operations=frozenset({"list_message"}),
    # documented: https://docs.xtremepush.com/reference/campaign-model
    message_types=frozenset({"sms", "push", "web_push", "inbox", "email"}),
    # documented, in Xtremepush's page on its Optimove integration: "Xtremepush SMS" is for postbacks only
    subscription_channels=frozenset({444}),
    # documented: list/profile, https://docs.xtremepush.com/docs/external-api-overview
    opt_out_lists=frozenset({"list_profile"}),
    # documented: signed payloads, Basic and Bearer, https://docs.xtremepush.com/docs/webhooks-integration
    authenticated_settings=lambda url, authentication: {
        "webhooks": [{"url": url, "authentication": dict(authentication)}]
    },
    shared_settings={"other_messages": True},
    # documented, in Xtremepush's page on its Optimove integration: additional segmentation in a campaign, and the
    # suppression attribute sync
    segment_settings=lambda segments: {"segments": dict(segments)},
    suppression_settings=lambda suppression: {"suppression": dict(suppression)},
    preflight=PreflightProbe(
        operation="`list/profile`",
        expected_refusal="code and success false, in JSON",
        anonymous=_list_profile_request({}),
        is_refusal=_is_refusal,
        credential_sets=(("apptoken",),),
        authenticated=_list_profile_request,
        credential_status=_credential_status,
    ),
)
