"""Changed contracts on the command line: obeyed, shown, and refused with a reason if they are wrong."""

import json
import shutil
from pathlib import Path

import pytest
import requests

from changed_contracts import contract_document, write_contract
from command_line import sendproof
from local_simulators import local_simulators
from repository import CONTRACTS
from running import running_simulators
from sendproof_simulators.services.discovery import discover, service_contract
from sendproof_simulators.services.required_parts import no_longer_required


def limit_of(service: str, operation: str, name: str, *options: str) -> dict:
    """Return one limit of an operation, as `sendproof operations` prints it."""
    (summary,) = json.loads(sendproof("operations", service, "--json", *options).out)
    (found,) = [known for known in summary["operations"] if known["name"] == operation]
    return next(limit for limit in found["limits"] if limit["name"] == name)


def changed_copy(to: Path, contract: str, old: str, new: str, folder: Path = CONTRACTS) -> None:
    """Write a copy of a contract of a folder, in which `new` replaces the first `old`."""
    text = (folder / contract).read_text("utf-8")
    assert old in text
    (to / contract).write_text(text.replace(old, new, 1), "utf-8")


def test_started_simulators_obey_a_changed_contract(tmp_path: Path) -> None:
    changed_copy(tmp_path, "textlocal.yaml", "{name: numbers, most: 10000", "{name: numbers, most: 1")
    with running_simulators("--contracts", str(tmp_path)) as simulators:
        service = simulators.services["textlocal"]
        form = {"apikey": service["credentials"]["apikey"], "message": "Hi", "sender": "Jims Autos"}
        replies = [
            requests.post(service["url"] + "/send/", {**form, "numbers": numbers}, timeout=60).json()
            for numbers in ("447700900123", "447700900123,447700900124")
        ]
    assert [reply["status"] for reply in replies] == ["success", "failure"]
    assert replies[1]["errors"][0]["code"] == 33


def test_operations_show_the_limits_of_a_changed_contract(tmp_path: Path) -> None:
    changed_copy(tmp_path, "textlocal.yaml", "{name: numbers, most: 10000", "{name: numbers, most: 7")
    limit = limit_of("textlocal", "send", "numbers", "--contracts", str(tmp_path))
    assert (limit["value"], limit["rule"], limit["is_in_force"]) == (7, "most", True)


def test_operations_show_the_limits_of_a_dialect() -> None:
    call = ("optimove", "GetCustomerSendDetailsByChannel", "rows per page")
    assert limit_of(*call)["value"] == 10_000
    assert limit_of(*call, "--dialect", "optimove.page_maximum=20000")["value"] == 20_000


def test_limit_of_another_dialect_is_not_in_force() -> None:
    call = ("textlocal", "send", "schedule ahead")
    assert not limit_of(*call)["is_in_force"]
    assert limit_of(*call, "--dialect", "textlocal.schedule_limits=limited")["is_in_force"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("name: numbers, most: 10000", "name: nubmers, most: 10000", "textlocal enforces no limit send_get: nubmers"),
        ("name: contacts, most: 1500", "name: contact, most: 1500", "expected an operation with a limit 'contacts'"),
        ("most: 10000, code: 33", "mots: 10000, code: 33", "expected name, either most or least, and some of"),
        ("most: 10000, code: 33", "most: many, code: 33", "numbers: expected whole numbers of at least 0, got many"),
        ("unit: hours, code: 0", "unit: hour, code: 0", "validity: unit: expected one of"),
        ("options: {india: 766}", "options: {uganda: 766}", "expected options out of india, uk, got uganda"),
        ("openapi: 3.0.3", "openapi: [", "textlocal.yaml: expected YAML"),
    ],
)
def test_wrong_contract_is_refused_at_start(tmp_path: Path, old: str, new: str, reason: str) -> None:
    changed_copy(tmp_path, "textlocal.yaml", old, new)
    output = sendproof("up", "--port", "0", "--contracts", str(tmp_path))
    assert output.status == 3
    assert reason in output.err


def test_folder_without_a_known_contract_is_refused(tmp_path: Path) -> None:
    shutil.copy(CONTRACTS / "textlocal.yaml", tmp_path / "textlokal.yaml")
    output = sendproof("up", "--port", "0", "--contracts", str(tmp_path))
    assert (output.status, "got textlokal.yaml; there are: bridge.yaml" in output.err) == (3, True)


def test_contract_with_an_invalid_schema_is_refused(tmp_path: Path) -> None:
    document = contract_document("delivyr")
    document["components"]["schemas"]["Send"]["properties"]["url"]["maxLength"] = "long"
    write_contract(tmp_path, "delivyr", document)
    with pytest.raises(ValueError, match=r"delivyr\.yaml: expected a valid schema"), local_simulators(tmp_path):
        pass


def test_contract_that_is_no_openapi_is_refused(tmp_path: Path) -> None:
    document = contract_document("delivyr")
    document["components"]["schemas"]["Message"]["required"] = []
    write_contract(tmp_path, "delivyr", document)
    with pytest.raises(ValueError, match=r"delivyr\.yaml: expected valid OpenAPI 3\.0"), local_simulators(tmp_path):
        pass


def without_required_members(node: object) -> object:
    """Return a part of a contract without its lists of required members."""
    if isinstance(node, list):
        return [without_required_members(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {name: part for name, part in node.items() if name != "required" or not isinstance(part, list)}
    return {name: without_required_members(part) for name, part in kept.items()}


@pytest.mark.parametrize("service", ["delivyr", "optimove", "textlocal", "xtremepush"])
def test_contract_that_no_longer_requires_members_is_refused(tmp_path: Path, service: str) -> None:
    """The operations need them: without this check, a request without one is a failure of the simulator."""
    original = contract_document(service)
    changed = without_required_members(original)
    assert all(": body" in part for part in no_longer_required(original, changed))
    write_contract(tmp_path, service, changed)
    with pytest.raises(ValueError, match="expected these parts to stay required, because no evidence says"):
        service_contract(discover()[service], tmp_path)


def test_part_that_is_no_longer_required_is_named(tmp_path: Path) -> None:
    changed_copy(tmp_path, "delivyr.yaml", "required: [template_id, phone_number]", "required: [template_id]")
    with pytest.raises(ValueError, match=r"without them: sendSms: body\.phone_number; add them"):
        service_contract(discover()["delivyr"], tmp_path)


def test_contract_may_require_more(tmp_path: Path) -> None:
    changed_copy(
        tmp_path, "delivyr.yaml", "required: [template_id, phone_number]", "required: [template_id, phone_number, url]"
    )
    with local_simulators(tmp_path) as simulators:
        sandbox = simulators.sandbox()
        variables = {"TEXT": "Hello"}
        without, complete = (
            sandbox.delivyr(variables=variables),
            sandbox.delivyr(variables=variables, url="https://a.example"),
        )
    assert (without.status, complete.status < 300) == (400, True)


def test_control_api_obeys_its_own_contract(tmp_path: Path) -> None:
    changed_copy(tmp_path, "control.yaml", "name: sandboxes, most: 1000", "name: sandboxes, most: 1")
    changed_copy(tmp_path, "control.yaml", "default: 1048576", "default: 10", folder=tmp_path)
    with local_simulators(tmp_path) as simulators:
        sandbox = simulators.sandbox()
        sandbox.textlocal("balance")
        sandbox.textlocal("balance")
        path = f"/control/sandboxes/{sandbox.made['sandbox']}/journal"
        lines = simulators.send("GET", path, "start=0", {}, b"").body.splitlines()
        with pytest.raises(AssertionError, match="expected at most 1 sandboxes"):
            simulators.sandbox()
    assert len(lines) == 1


def test_history_names_the_changed_contract(tmp_path: Path) -> None:
    """The digest shows that a verdict belongs to other contracts."""
    changed_copy(tmp_path, "delivyr.yaml", "name: text, most: 1600", "name: text, most: 160")
    with local_simulators(tmp_path) as simulators:
        path = f"/control/sandboxes/{simulators.sandbox().made['sandbox']}/history"
        header = json.loads(simulators.send("GET", path, "", {}, b"").body.splitlines()[0])
    assert header["contracts"]["delivyr"] == service_contract(discover()["delivyr"], tmp_path).digest
    assert header["contracts"]["optimove"] == service_contract(discover()["optimove"]).digest
