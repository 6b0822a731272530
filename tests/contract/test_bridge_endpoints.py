"""Schemathesis against the endpoints of the reference bridge, and against the listeners of both bridges."""

import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

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
    "audience": {"customers": 5},
    "channels": [{"id": channel, "provider": provider} for channel, provider in PROVIDERS.items()],
}
# The endpoint is more lenient than OpenAPI can describe: of an event of unknown type it only reads the type.
UNSUITED = ("negative_data_rejection", "positive_data_acceptance")
# The paths to which each provider posts: for receipts of Textlocal a path per batch, otherwise one per account.
WEBHOOK_PATHS = {
    "textlocal-receipts": {"/": "textlocal/{client}/{token}/505-7001-0-0", "/inbound": "textlocal/{client}/{token}"},
    "xtremepush-webhooks": {"/": "xtremepush/{client}/{token}"},
    "delivyr-webhooks": {"/": "delivyr/{client}/{token}"},
}

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def handover(simulators: RunningSimulators, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Run the reference bridge with a channel of each provider; return its handover file."""
    folder, sandbox = tmp_path_factory.mktemp("bridge"), simulators.call("POST", "/sandboxes", SANDBOX)
    content = handover_content(simulators.control, sandbox, Listen(host="127.0.0.1", port=free_port("127.0.0.1")))
    with Bridge(told=content, folder=folder, command=None, address=None, database=folder) as bridge:
        bridge.hand_over()
        bridge.start()
        assert wait_until(lambda: listens(**content["listen"]), 120), bridge.log_excerpt()
        yield content
        bridge.must_run()


def base_url(handover: dict[str, Any]) -> str:
    """Return the URL of the bridge."""
    return "http://{host}:{port}".format(**handover["listen"])


def webhook_url(handover: dict[str, Any], target: str) -> str:
    """Return the URL of one of the `WEBHOOK_PATHS`."""
    return f"{base_url(handover)}/webhooks/{target.format(client=handover['client'], token=handover['webhook_token'])}"


def bridge_contract(handover: dict[str, Any]) -> dict[str, Any]:
    """Return the bridge's contract with the valid values of its path parameters."""
    document = yaml.load((CONTRACTS / "bridge.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    known = {"client": [handover["client"]], "token": [handover["webhook_token"]], "provider": list(PROVIDERS.values())}
    for name, values in known.items():
        document["components"]["parameters"][name] |= {
            "schema": {"type": "string", "enum": values},
            "example": values[0],
        }
    return document


def test_bridge_endpoints_keep_their_contract(handover: dict[str, Any]) -> None:
    """Valid and invalid calls of all kinds: no 500, no undocumented status, no body outside its schema."""
    load_all_checks()
    excluded = [CHECKS.get_one(check) for check in UNSUITED]
    schema, count = schemathesis.openapi.from_dict(bridge_contract(handover)), 0
    for operation in (result.ok() for result in schema.get_all_operations()):
        for mode in GenerationMode:
            count += send_generated(
                operation,
                mode,
                lambda case: case.call_and_validate(base_url=base_url(handover), excluded_checks=excluded),
            )
    log.info("the bridge: %s requests, no failure", f"{count:,}")


@pytest.mark.parametrize("contract", WEBHOOK_PATHS)
def test_provider_webhooks_are_accepted_or_refused(handover: dict[str, Any], contract: str) -> None:
    document = yaml.load((CONTRACTS / f"{contract}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    schema = schemathesis.openapi.from_dict(document)
    for path, target in WEBHOOK_PATHS[contract].items():
        url = (
            f"@@
        )

        def sent(case: Any, url: str = url) -> None:
            response = case.call(base_url=url.removesuffix(case.path) if case.path != "/" else url, timeout=20)
            assert response.status_code in {200, 400, 413}, (response.status_code, response.text, case.body)

        for mode in GenerationMode:
            assert send_generated(schema[path]["POST"], mode, sent)


def test_examples_of_the_provider_contracts_are_accepted(handover: dict[str, Any]) -> None:
    for contract, paths in WEBHOOK_PATHS.items():
        document = yaml.load((CONTRACTS / f"{contract}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
        for path, target in paths.items():
            ((kind, media),) = document["paths"][path]["post"]["requestBody"]["content"].items()
            url = webhook_url(handover, target)
            named = [example["value"] for example in media.get("examples", {}).values()]
            for example in named or [media["example"]]:
                body = {"json": example} if kind == "application/json" else {"data": example}
                assert (contract, requests.post(url, **body, timeout=20).status_code) == (contract, 200)


@pytest.mark.parametrize(
    ("command", "provider"),
    [*((None, provider) for provider in PROVIDERS.values()), (FLASK, "textlocal")],
    ids=[*(f"reference-{provider}" for provider in PROVIDERS.values()), "flask"],
)
def test_listeners_accept_valid_events_and_survive_invalid_ones(
    simulators: RunningSimulators, tmp_path: Path, command: str | None, provider: str
) -> None:
    """By `listener.yaml`, as in `sendproof contract`, with EXAMPLES generated events."""
    scenario = conformance_scenario(
        ConformanceOptions(provider=provider, seed=EXAMPLES, examples=EXAMPLES, within_s=60, triggers=True)
    )
    options = RunOptions(command=command, control_url=simulators.control, results=tmp_path)
    history = read_history(run_scenario(scenario, "contract", with_probes(options), RecordedProgress()).histories[0])
    failed = [(result.check.id, result.findings[0]) for result in judge(history).results if result.status != "pass"]
    log.info("%s events, %s failures", f"{len(history.probes):,}", len(failed))
    assert failed == []


def send_generated(operation: Any, mode: GenerationMode, send: Any) -> int:
    """Send generated requests of one mode; return their number."""
    count = 0

    @BUDGET
    @given(case=operation.as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:
        nonlocal count
        count += 1
        send(case)

    with suppress(Unsatisfiable):
        sent()
    return count
