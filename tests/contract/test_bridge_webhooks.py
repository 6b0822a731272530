"""The webhooks of bridges: Schemathesis with the reference bridge, and the contract checks with both bridges."""

import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
import yaml
from hypothesis import given
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from fuzzing import BUDGET, EXAMPLES
from repository import CONTRACTS, ROOT
from run_helpers import RecordedProgress
from running import RunningSimulators
from sendproof_bridge.outbound.unsubscription import unsubscribe_url
from sendproof_harness.conformance.run import ConformanceOptions, conformance_scenario, with_probes
from sendproof_harness.handover.format import Listen
from sendproof_harness.handover.write import handover_content
from sendproof_harness.history.reader import read_history
from sendproof_harness.judge.verdict import judge
from sendproof_harness.run.bridge_process import Bridge
from sendproof_harness.run.processes import free_port, listens, wait_until
from sendproof_harness.run.runner import RunOptions, run_scenario

FLASK = shlex.join([sys.executable, str(ROOT / "bridge" / "examples" / "flask_bridge" / "app.py")])
PROVIDERS = {505: "textlocal", 506: "xtremepush", 507: "delivyr"}
SANDBOX: dict[str, Any] = {
    "seed": 5,
    "clock": {"mode": "virtual", "start": "2026-03-02T06:00:00Z"},
    "audience": {"customers": 5, "addresses": {}},
    "channels": [
        *({"id": channel, "provider": provider} for channel, provider in PROVIDERS.items()),
        {"id": 508, "provider": "smtp", "message": "email"},
    ],
}
# The bridge is more lenient than its contract can express: of an event with an unknown type, it reads only the type.
EXCLUDED_CHECKS = ("negative_data_rejection", "positive_data_acceptance")
BATCH_OF_MAILS = "smtp/{client}/{token}/508-7001-0-0"
# Webhook paths by contract: Textlocal's receipts go to an address of the batch, all others to that of the account.
WEBHOOK_PATHS = {
    "textlocal-receipts": {"/": "textlocal/{client}/{token}/505-7001-0-0", "/inbound": "textlocal/{client}/{token}"},
    "xtremepush-webhooks": {"/": "xtremepush/{client}/{token}"},
    "delivyr-webhooks": {"/": "delivyr/{client}/{token}"},
}

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def handover(simulators: RunningSimulators, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Start the reference bridge with a channel of every provider, and yield the content of its handover."""
    folder, created = tmp_path_factory.mktemp("bridge"), simulators.call("POST", "/sandboxes", SANDBOX)
    content = handover_content(simulators.control, created, Listen(host="127.0.0.1", port=free_port("127.0.0.1")))
    with Bridge(handover=content, folder=folder, command=None, url=None, database=folder) as bridge:
        bridge.write_handover()
        bridge.start()
        assert wait_until(lambda: listens(**content["listen"]), 120), bridge.log_excerpt()
        yield content
        bridge.check_running()


def bridge_url(handover: dict[str, Any]) -> str:
    """Return the URL of the bridge."""
    return "http://{host}:{port}".format(**handover["listen"])


def webhook_url(handover: dict[str, Any], path_template: str) -> str:
    """Return the URL of a provider's webhook."""
    path = path_template.format(client=handover["client"], token=handover["webhook_token"])
    return f"{bridge_url(handover)}/webhooks/{path}"


def contract_with_known_ids(handover: dict[str, Any]) -> dict[str, Any]:
    """Return the contract of the bridge, with path parameters limited to values that exist."""
    document = yaml.load((CONTRACTS / "bridge.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    known = {
        "client": [handover["client"]],
        "token": [handover["webhook_token"]],
        "provider": [*PROVIDERS.values(), "smtp"],
    }
    known["key"] = [unsubscribe_url(webhook_url(handover, BATCH_OF_MAILS), "ada@example.com").rpartition("/")[2]]
    for name, values in known.items():
        document["components"]["parameters"][name] |= {
            "schema": {"type": "string", "enum": values},
            "example": values[0],
        }
    return document


def test_bridge_keeps_its_contract(handover: dict[str, Any]) -> None:
    """No request may cause a 500, an undocumented status, or a body that violates its schema."""
    load_all_checks()
    excluded = [CHECKS.get_one(check) for check in EXCLUDED_CHECKS]
    schema, sent = schemathesis.openapi.from_dict(contract_with_known_ids(handover)), 0
    for operation in (result.ok() for result in schema.get_all_operations()):
        for mode in GenerationMode:
            sent += send_generated(
                operation,
                mode,
                lambda case: case.call_and_validate(base_url=bridge_url(handover), excluded_checks=excluded),
            )
    log.info("bridge: %s requests, no failure", f"{sent:,}")


def test_one_click_of_any_form_is_stored_or_rejected(handover: dict[str, Any]) -> None:
    """Every recipient has the URL in a mail, so anyone may send anything to it."""
    schema = schemathesis.openapi.from_dict(contract_with_known_ids(handover))
    operation = schema["/unsubscribe/{provider}/{client}/{key}"]["POST"]
    statuses: set[int] = set()

    def send(case: Any) -> None:
        response = case.call(base_url=bridge_url(handover), timeout=60)
        statuses.add(response.status_code)
        assert response.status_code in {200, 400, 404, 405, 413}, (response.status_code, response.text, case.body)

    for mode in GenerationMode:
        assert send_generated(operation, mode, send)
    assert 200 in statuses


@pytest.mark.parametrize("contract", WEBHOOK_PATHS)
def test_provider_webhooks_are_accepted_or_rejected(handover: dict[str, Any], contract: str) -> None:
    """No request that a provider may send can break the bridge."""
    document = yaml.load((CONTRACTS / f"{contract}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    places = {path: urlsplit(webhook_url(handover, place)).path for path, place in WEBHOOK_PATHS[contract].items()}
    document["paths"] = {places[path]: document["paths"][path] for path in places}
    schema = schemathesis.openapi.from_dict(document)

    def send(case: Any) -> None:
        response = case.call(base_url=bridge_url(handover), timeout=60)
        assert response.status_code in {200, 400, 413}, (response.status_code, response.text, case.body)

    for path in document["paths"]:
        for mode in GenerationMode:
            assert send_generated(schema[path]["POST"], mode, send)


def test_examples_of_provider_webhooks_are_accepted(handover: dict[str, Any]) -> None:
    for contract, places in WEBHOOK_PATHS.items():
        document = yaml.load((CONTRACTS / f"{contract}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
        for path, path_template in places.items():
            ((kind, media),) = document["paths"][path]["post"]["requestBody"]["content"].items()
            url = webhook_url(handover, path_template)
            for example in [example["value"] for example in media.get("examples", {}).values()] or [media["example"]]:
                body = {"json": example} if kind == "application/json" else {"data": example}
                assert (contract, requests.post(url, **body, timeout=60).status_code) == (contract, 200)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "provider"),
    [
        *(pytest.param(None, name, id=f"reference-{name}") for name in PROVIDERS.values()),
        pytest.param(FLASK, "textlocal", id="flask"),
    ],
)
def test_listeners_accept_valid_events_and_survive_invalid_ones(
    simulators: RunningSimulators, tmp_path: Path, command: str | None, provider: str
) -> None:
    """The checks are those of `sendproof contract`, with more generated events."""
    scenario = conformance_scenario(
        ConformanceOptions(provider=provider, seed=EXAMPLES, examples=EXAMPLES, within_s=60, triggers=True)
    )
    options = RunOptions(command=command, control_url=simulators.control, results=tmp_path)
    history = read_history(run_scenario(scenario, "contract", with_probes(options), RecordedProgress()).histories[0])
    wrong = [(result.check.id, result.findings[0]) for result in judge(history).results if result.status != "pass"]
    log.info("%s events, %s failures", f"{len(history.probes):,}", len(wrong))
    assert wrong == []


def send_generated(operation: Any, mode: GenerationMode, send: Any) -> int:
    """Send generated requests, and return their number."""
    count = 0

    @BUDGET
    @given(case=operation.as_strategy(generation_mode=mode))
    def send_case(case: Any) -> None:
        nonlocal count
        count += 1
        send(case)

    with suppress(Unsatisfiable):
        send_case()
    return count
