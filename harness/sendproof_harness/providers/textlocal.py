"""Textlocal. Sources of the API facts: openapi/textlocal.yaml."""

from collections.abc import Mapping
from typing import Literal

from sendproof_harness.providers.record import PreflightProbe, ProbeRequest, ProbeResponse, Provider

_WRONG_LOGIN = 3


def _account_settings(url: str) -> dict[str, object]:
    return {"inbound_url": url}


def _is_refusal(response: ProbeResponse) -> bool:
    """observed: the bare root responds with exactly errors and status (tests of PyPI textlocal 0.1.0)."""
    return isinstance(response.json, dict) and response.json.keys() == {"errors", "status"}


def _balance_request(credentials: Mapping[str, str]) -> ProbeRequest:
    return ProbeRequest(method="POST", path="/balance/", form={**credentials, "format": "json"})


def _credential_status(response: ProbeResponse) -> Literal["ok", "wrong", "unknown"]:
    """documented: every response has a status; code 3 is a wrong login (https://api.txtlocal.com/docs/)."""
    content = response.json if isinstance(response.json, dict) else {}
    if content.get("status") == "success":
        return "ok"
    errors = content.get("errors")
    codes = [error.get("code") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return "wrong" if _WRONG_LOGIN in codes else "unknown"


def _import_settings(at: str, first_known: Mapping[str, str]) -> dict[str, object]:
    return {"customer_import": {"at": at, "first_known": dict(first_known)}}


def _translation_settings(translations: Mapping[int, tuple[str, Mapping[str, int]]]) -> dict[str, object]:
    rows = {str(id_): {"field": name, "templates": dict(ids)} for id_, (name, ids) in translations.items()}
    return {"translations": rows}


PROVIDER = Provider(
    name="textlocal",
    title="Textlocal",
    send_operation="bulk_json",
    other_send_operations=frozenset({"send", "send_get", "bulk_json_get"}),
    template_operation="get_templates",
    receipt_event="receipt",
    failure_event="receipt",
    opt_out_events=frozenset({"inbound"}),
    # documented: https://api.txtlocal.com/docs/sendsms; 56 in openapi/textlocal.yaml, x-codes. `send` warns of a number
    # with code 3, which is a wrong login as an error, or without a code: the reasons are those of the simulator.
    permanent_rejections=frozenset({"32", "51", "56", "Invalid number", "blocked", "opted out"}),
    # 80 in openapi/textlocal.yaml, x-codes: in India, such as a name that is longer than the approved placeholder
    text_rejections=frozenset({"80"}),
    opt_out_rejections=frozenset({"51", "opted out"}),
    # documented: https://api.txtlocal.com/docs/otp_send; 33 and 80 in openapi/textlocal.yaml, x-codes
    # observed: the text of 192 names the hours in which India allows texts, openapi/textlocal.yaml, x-codes
    temporary_refusals=frozenset({"192"}),
    final_refusals=frozenset({"5", "6", "32", "33", "43", "44", "51", "80"}),
    # openapi/textlocal.yaml, x-codes: a parameter is missing, has a wrong form, or excludes another
    malformed_refusals=frozenset(map(str, (0, 1, 2, 4, 5, 6, 8, 12, 13, 15, 25, 34, 43, 44, 55, 185, 186))),
    withdrawing_operations=frozenset({"cancel_scheduled", "cancel_scheduled_get"}),
    batch_limit_rejections={"33": "at most 10,000 numbers a call"},
    has_record=True,
    # documented: https://api.txtlocal.com/docs/ (GET with all parameters, although POST is recommended)
    documents_credential_in_query=True,
    # observed: get_optouts, in Textlocal's own client
    opt_out_lists=frozenset({"get_optouts", "get_optouts_get"}),
    record_operations=frozenset(
        f"get_history_{kind}{form}" for kind in ("api", "single", "group") for form in ("", "_get")
    ),
    opt_out_operation="get_optouts",
    has_testing_mode=True,
    receipts_need_account_webhook=False,
    account_settings=_account_settings,
    customer_ids_option="textlocal.template_send=brochure",
    import_settings=_import_settings,
    translation_settings=_translation_settings,
    # The sender that the simulator of the Indian Textlocal has approved.
    senders={"textlocal.variant=india": "TXTLCL"},
    bridge_has_sender=True,
    bridge_credentials=("apikey",),
    preflight=PreflightProbe(
        operation="`balance`",
        expected_refusal="errors and status, in JSON",
        anonymous=ProbeRequest(method="POST", path="/", form={"format": "json"}),
        is_refusal=_is_refusal,
        credential_sets=(("apikey",), ("username", "hash"), ("username", "password")),
        authenticated=_balance_request,
        credential_status=_credential_status,
    ),
)
