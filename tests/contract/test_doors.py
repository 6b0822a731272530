"""The doors of bridges: Schemathesis against all that the reference bridge answers, and against both listeners."""

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
# The door is more lenient than its contract has words for: of an event of no known type it reads no more than that.
UNSUITED = ("negative_data_rejection", "positive_data_acceptance")
# What each provider posts, and where: an address of the batch for receipts of Textlocal, the account's for others.
POSTED = {
    "textlocal-receipts": {"/": "textlocal/{client}/{token}/505-7001-0-0", "/inbound": "textlocal/{client}/{token}"},
    "xtremepush-webhooks": {"/": "xtremepush/{client}/{token}"},
    "delivyr-webhooks": {"/": "delivyr/{client}/{token}"},
}

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def told(simulators: RunningSimulators, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the reference bridge was told, which runs with a channel of every provider."""
    folder, made = tmp_path_factory.mktemp("bridge"), simulators.call("POST", "/sandboxes", SANDBOX)
    content = handover_content(simulators.control, made, Listen(host="127.0.0.1", port=free_port("127.0.0.1")))
    with Bridge(handover=content, folder=folder, command=None, url=None, database=folder) as bridge:
        bridge.write_handover()
        bridge.start()
        assert wait_until(lambda: listens(**content["listen"]), 120), bridge.log_excerpt()
        yield content
        bridge.check_running()


def door(told: dict[str, Any]) -> str:
    """Where it is."""
    return "http://{host}:{port}".format(**told["listen"])


def named(told: dict[str, Any]) -> dict[str, Any]:
    """The contract of the door, in which the parameters of addresses are those that lead somewhere."""
    document = yaml.load((CONTRACTS / "bridge.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    known = {"client": [told["client"]], "token": [told["webhook_token"]], "provider": list(PROVIDERS.values())}
    for name, values in known.items():
        document["components"]["parameters"][name] |= {
            "schema": {"type": "string", "enum": values},
            "example": values[0],
        }
    return document


def test_the_door_keeps_to_its_contract(told: dict[str, Any]) -> None:
    """Valid and invalid calls of every kind: no 500, no undocumented status, no body off its schema."""
    load_all_checks()
    excluded = [CHECKS.get_one(check) for check in UNSUITED]
    schema, sent = schemathesis.openapi.from_dict(named(told)), 0
    for operation in (one.ok() for one in schema.get_all_operations()):
        for mode in GenerationMode:
            sent += tried(
                operation, mode, lambda case: case.call_and_validate(base_url=door(told), excluded_checks=excluded)
            )
    log.info("the door: %s requests, no failure", f"{sent:,}")


@pytest.mark.parametrize("contract", POSTED)
def test_what_providers_post_is_taken_or_refused(told: dict[str, Any], contract: str) -> None:
    """All that a provider may post is stored or not understood, and nothing breaks the bridge."""
    document = yaml.load((CONTRACTS / f"{contract}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    schema = schemathesis.openapi.from_dict(document)
    for path, where in POSTED[contract].items():
        url = f"{door(told)}/webhooks/{where.format(client=told['client'], token=told['webhook_token'])}"

        def sent(case: Any, url: str = url) -> None:
            answer = case.call(base_url=url.removesuffix(case.path) if case.path != "/" else url, timeout=60)
            assert answer.status_code in {200, 400, 413}, (answer.status_code, answer.text, case.body)

        for mode in GenerationMode:
            assert tried(schema[path]["POST"], mode, sent)


def test_what_providers_show_is_taken(told: dict[str, Any]) -> None:
    """Every example of their contracts."""
    for contract, places in POSTED.items():
        document = yaml.load((CONTRACTS / f"{contract}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
        for path, where in places.items():
            ((kind, media),) = document["paths"][path]["post"]["requestBody"]["content"].items()
            url = f"{door(told)}/webhooks/{where.format(client=told['client'], token=told['webhook_token'])}"
            for example in [one["value"] for one in media.get("examples", {}).values()] or [media["example"]]:
                body = {"json": example} if kind == "application/json" else {"data": example}
                assert (contract, requests.post(url, **body, timeout=60).status_code) == (contract, 200)


@pytest.mark.parametrize(
    ("command", "provider"),
    [*((None, provider) for provider in PROVIDERS.values()), (FLASK, "textlocal")],
    ids=[*(f"reference-{provider}" for provider in PROVIDERS.values()), "flask"],
)
def test_listeners_take_what_is_allowed_and_bear_the_rest(
    simulators: RunningSimulators, tmp_path: Path, command: str | None, provider: str
) -> None:
    """By `listener.yaml`, as `sendproof contract` does it, with as many made-up events as are asked for."""
    asked = conformance_scenario(
        ConformanceOptions(provider=provider, seed=EXAMPLES, examples=EXAMPLES, within_s=60, triggers=True)
    )
    options = RunOptions(command=command, control_url=simulators.control, results=tmp_path)
    history = read_history(run_scenario(asked, "contract", with_probes(options), RecordedProgress()).histories[0])
    wrong = [(one.check.id, one.findings[0]) for one in judge(history).results if one.status != "pass"]
    log.info("%s events, %s failures", f"{len(history.probes):,}", len(wrong))
    assert wrong == []


def tried(operation: Any, mode: GenerationMode, send: Any) -> int:
    """Send requests of a kind; answers how many."""
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
