"""Strict mode: a response or webhook that violates its contract is reported, never sent in silence."""

from pathlib import Path

import pytest
import requests

from repository import CONTRACTS
from running import running_simulators
from sendproof_simulators.core.contracts import load_contract
from sendproof_simulators.core.http import Response, json_response
from sendproof_simulators.core.strict.descriptions import ResponseContract, WebhookContract
from sendproof_simulators.core.strict.watch import Watch
from sendproof_simulators.services.discovery import discover, service_contracts, webhook_contracts

BALANCE = {"balance": {"sms": 1, "mms": 0}, "status": "success"}
STOP = "sender=447123456789&keyword=STOP&content=STOP&comments=&inNumber=447860033333&email=&credits=1162"


def renamed(folder: Path, contract: str, old: str, new: str) -> Path:
    """Write a copy of a contract where a property has another name. Return the folder."""
    text = (CONTRACTS / contract).read_text()
    assert old in text
    (folder / contract).write_text(text.replace(old, new))
    return folder


def violations(response: Response) -> list[str]:
    """Return the violations by a response of Textlocal's `balance`."""
    contract = ResponseContract(load_contract(CONTRACTS / "textlocal.yaml"))
    return [f"{violation.where} {violation.rule}" for violation in contract.violations("balance_get", response)]


def test_documented_response_has_no_violations() -> None:
    assert violations(json_response(BALANCE)) == []


@pytest.mark.parametrize(
    ("response", "violation"),
    [
        (json_response(BALANCE, status=418), "status unknown"),
        (Response(body=b"{}", content_type="text/html"), "header.Content-Type enum"),
        (Response(body=b"{", content_type="application/json"), "body syntax"),
        (Response(body=json_response(BALANCE).body, headers=(("x-more", "1"),)), "header.x-more unknown"),
        (json_response({**BALANCE, "balance": {"texts": 1, "mms": 0}}), "body"),
    ],
)
def test_each_part_of_a_response_is_checked(response: Response, violation: str) -> None:
    assert violations(response)[0].startswith(violation)


def test_property_that_the_contract_does_not_name_is_a_violation(tmp_path: Path) -> None:
    """A client reads the name in the contract, and would find nothing."""
    folder = renamed(tmp_path, "optimove.yaml", "TemplateName:", "NameOfTemplate:")
    contract = ResponseContract(load_contract(folder / "optimove.yaml"))
    found = contract.violations("GetChannelTemplates", json_response([{"TemplateID": 1, "TemplateName": "Spring"}]))
    assert any("TemplateName" in violation.message for violation in found)


def test_every_event_of_every_service_is_described() -> None:
    """An event that no contract describes would be sent unchecked."""
    contracts = {name: WebhookContract(contract) for name, contract in webhook_contracts().items()}
    for name, simulator in discover().items():
        for event in simulator.events:
            rules = {violation.rule for violation in contracts[name].violations(event, "text/plain", b"")}
            assert (name, event, rules) == (name, event, {"enum"})


def test_webhook_with_a_renamed_field_is_a_violation(tmp_path: Path) -> None:
    """The contract of the webhooks is read from the folder of changed contracts, too."""
    watch = Watch(
        service_contracts(), lambda: webhook_contracts(renamed(tmp_path, "textlocal-receipts.yaml", "keyword", "word"))
    )
    form = "application/x-www-form-urlencoded"
    found = watch.check_webhook("textlocal", frozenset(), "inbound", form, STOP.encode())
    assert {violation.where for violation in found} == {"body", "body.word"}


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_renamed_property_is_reported_and_ends_in_a_failure(tmp_path: Path, workers: str) -> None:
    """In the journal, on stderr and in the exit status, whichever process responds."""
    folder = str(renamed(tmp_path, "textlocal.yaml", "        balance:\n", "        credit:\n"))
    log = tmp_path / "stderr"
    options = ("--contracts", folder, "--workers", workers)
    with log.open("w") as errors, running_simulators(*options, errors=errors, ends_with=3) as simulators:
        url = f"{simulators.services['textlocal']['url']}/balance"
        requests.get(url, params={"apikey": "sendproof-textlocal-key"}, timeout=60)
        (entry,) = [line for line in simulators.history("default") if line["kind"] == "contract_violation"]
    assert (entry["service"], entry["operation"]) == ("textlocal", "balance_get")
    assert "sendproof: textlocal: the response of balance_get violates its contract: body" in log.read_text()
