"""Schemathesis against the running simulators: whatever is sent, the answers keep to the contracts."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from running import RunningSimulators, running_simulators
from sendproof_simulators.app import CONTRACTS
from sendproof_simulators.provider import contract_file, discover
from showing import Shown, shown, without_credentials

# Textlocal refuses with HTTP 200, in the body: so it does not look like a refusal (observed of the real service).
REFUSES_WITH_200 = ("negative_data_rejection", "ignored_auth", "unsupported_method")
# Valid by its schema, refused for what is true: a campaign, a sandbox, an attribute that does not exist.
REFUSES_THE_UNKNOWN = ("positive_data_acceptance",)
NOT_FOR = {"textlocal": REFUSES_WITH_200, "optimove": REFUSES_THE_UNKNOWN, "control": REFUSES_THE_UNKNOWN}
BUDGET = settings(max_examples=15, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def simulators() -> Iterator[RunningSimulators]:
    """Simulators without rate limits, so that many requests can be made at once."""
    with running_simulators() as running:
        yield running


def contracts() -> dict[str, Path]:
    """Every simulated service, and the control API, with the file of its contract."""
    services = {name: contract_file(provider) for name, provider in discover().items()}
    return {**services, "control": CONTRACTS / "control.yaml"}


@pytest.mark.parametrize(("name", "file"), contracts().items(), ids=contracts())
def test_every_answer_keeps_to_the_contract(simulators: RunningSimulators, name: str, file: Path) -> None:
    """Valid and invalid requests to every operation: no 500, no undocumented status, no body off its schema."""
    made = simulators.call("POST", "/sandboxes", {"seed": 5, "rate_limits": False, "allow_remote_webhooks": True})
    service = made["services"].get(name, {"url": simulators.control, "credentials": {}})
    load_all_checks()
    document = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    known = shown(document, service["credentials"])
    excluded = [CHECKS.get_one(check) for check in sorted(unsuited(name, document))]
    schema = schemathesis.openapi.from_dict(without_credentials(document, known))
    for operation in schema.get_all_operations():
        for mode in GenerationMode:
            _try(operation.ok(), mode, known, base_url=service["url"], excluded_checks=excluded)


def unsuited(name: str, document: dict[str, Any]) -> set[str]:
    """The checks that do not suit a service; a contract may name some by itself, with reasons."""
    return {*NOT_FOR.get(name, ()), *document.get("x-unsuited-checks", {})}


def guarded() -> dict[str, Path]:
    """The services that refuse a missing credential by status; the others have tests of their own for it."""
    documents = {name: yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) for name, file in contracts().items()}
    kept = {name for name, document in documents.items() if "ignored_auth" not in unsuited(name, document)}
    return {name: file for name, file in contracts().items() if name in kept - {"control"}}


@pytest.mark.parametrize(("name", "file"), guarded().items(), ids=guarded())
def test_nobody_is_served_without_credentials(simulators: RunningSimulators, name: str, file: Path) -> None:
    """A valid request that shows none is refused, at every operation that asks for some."""
    document = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    known = shown(document, simulators.services[name]["credentials"])
    schema = schemathesis.openapi.from_dict(without_credentials(document, known))
    for operation in schema.get_all_operations():
        one = operation.ok()
        if document["paths"][one.path][one.method].get("security") != []:
            _try_without(one, simulators.services[name]["url"])


def _try_without(operation: Any, url: str) -> None:
    @settings(BUDGET, max_examples=2)
    @given(case=operation.as_strategy())
    def sent(case: Any) -> None:
        # 404 for a path that a generated value takes apart: nobody is served there either.
        assert case.call(base_url=url).status_code in {400, 401, 403, 404}

    sent()


def _try(operation: Any, mode: GenerationMode, known: Shown, **call: Any) -> None:
    @BUDGET
    @given(case=operation.as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:
        if not case.path.endswith(("/clock/park", "/clock/advance")):
            case.body = known.within(case.body)
            case.call_and_validate(headers=known.header, params=known.query, **call)

    # An operation without parameters and body cannot be called wrongly.
    with suppress(Unsatisfiable):
        sent()
