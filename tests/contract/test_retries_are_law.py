"""Services repeat their webhooks when `x-webhook-retries` of the contract says so."""

import pytest

from changed_contracts import contract_document, write_contract
from limit_probes import MINUTE, NOWHERE
from local_simulators import LocalSandbox, local_simulators
from sendproof_simulators.core.clock.wall_clock import parse_iso
from sendproof_simulators.services.discovery import discover

CASES = [
    (service, str(entry.get("option", "")), index)
    for service in discover()
    for index, entry in enumerate(contract_document(service).get("x-webhook-retries", ()))
]


def cause_webhook(sandbox: LocalSandbox, service: str) -> None:
    """Let a service send a webhook that nothing receives."""
    if service == "optimove":
        body = {"Name": "NEW", "Type": "INT", "CallbackURL": NOWHERE}
        assert sandbox.optimove("customers/AddCustomerAttribute", body).status == 200
    if service == "textlocal":
        reply = sandbox.textlocal("send", numbers="447555000000", message="Hi", receipt_url=NOWHERE)
        assert reply["status"] == "success"
    if service == "delivyr":
        sandbox.control("PUT", "/providers/delivyr/settings", {"webhook_url": NOWHERE})
        assert sandbox.delivyr(phone_number="+12125550100", variables={"TEXT": "Hi"}).status == 200
    if service == "smtp":
        sandbox.control("PUT", "/providers/smtp/settings", {"inbound_url": NOWHERE})
        assert sandbox.smtp(rcpt_to=[{"address": "b@example.com", "notify": ["SUCCESS", "FAILURE"]}]).status == 200
    if service == "xtremepush":
        settings = {"webhooks": [{"url": NOWHERE}]}
        sandbox.control("PUT", "/providers/xtremepush/settings", settings)
        sandbox.control("POST", "/providers/xtremepush/templates", [{"id": 1, "title": "Offer", "body": "Hi"}])
        columns, row = ["user_id", "mobile_number", "sms_subscription"], ["U1", "447555000000", 1]
        sandbox.xtremepush("import/profile", columns=columns, rows=[row])
        assert sandbox.xtremepush("execute/campaign", id=1, target_by="user_id", target=["U1"]).status == 200


def delays_of_retries(sandbox: LocalSandbox, service: str) -> list[int]:
    """Return the minutes from each failed attempt of the first webhook to the next attempt."""
    cause_webhook(sandbox, service)
    sandbox.wait(60 * MINUTE)
    entries = sandbox.entries("webhook")
    first = [entry for entry in entries if entry["key"] == entries[0]["key"]]
    return [(parse_iso(entry["retry_at"]) - parse_iso(entry["at"])) // MINUTE for entry in first if entry["retry_at"]]


@pytest.mark.parametrize(("service", "option", "index"), CASES)
def test_retries_are_those_in_the_contract(service: str, option: str, index: int, tmp_path) -> None:
    """An entry of `x-webhook-retries` without a webhook here fails."""
    document = contract_document(service)
    entry = document["x-webhook-retries"][index]
    entry["after"] = ["2 minutes", "7 minutes"]
    write_contract(tmp_path, service, document)
    dialects = {f"{service}__{entry['dialect']}": option} if option else {}
    with local_simulators(tmp_path) as simulators:
        assert delays_of_retries(simulators.sandbox(**dialects), service) == [2, 7]
