"""Schemathesis against the running simulators: whatever is sent, the answers keep to the contracts."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import yaml
from hypothesis import given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig

from credential_helpers import PresentedCredentials, present, without_credentials
from fuzzing import BUDGET
from running import RunningSimulators, running_simulators
from sendproof_simulators.server.app import CONTRACTS
from sendproof_simulators.services.discovery import contract_file, discover
from sendproof_simulators.services.optimove_metrics.signing import SIGNATURE_HEADER, sign

# What counts as a refusal; Schemathesis does not know 413, and a body may be wrong by its size alone.
REFUSALS = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]
CONFIG = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})
# These wait for time to pass.
WAITING = ("/clock/park", "/clock/advance")

log = logging.getLogger(__name__)


class Signature(requests.auth.AuthBase):
    """Signs whatever is sent, so that it is looked at."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._token = credentials["tenant_token"]

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        request.headers[SIGNATURE_HEADER] = sign(body.encode() if isinstance(body, str) else body, self._token)
        return request


SIGNED = {"optimove-metrics": Signature}


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
    known = present(document, service["credentials"])
    call = {"base_url": service["url"], "auth": SIGNED[name](service["credentials"]) if name in SIGNED else None}
    schema = schemathesis.openapi.from_dict(without_credentials(document, known), config=CONFIG)
    operations = [one.ok() for one in schema.get_all_operations() if not one.ok().path.endswith(WAITING)]
    sent = 0
    for operation in operations:
        call["excluded_checks"] = [CHECKS.get_one(check) for check in sorted(unsuited(document, operation))]
        sent += sum(_try(operation, mode, known, call) for mode in GenerationMode)
    log.info("%s: %s operations, %s requests, no failure", name, len(operations), f"{sent:,}")


def unsuited(document: dict[str, Any], operation: Any = None) -> set[str]:
    """The checks that do not suit a service, or one of its operations; the contract names them with reasons."""
    own = {} if operation is None else document["paths"][operation.path][operation.method]
    return {*document.get("x-unsuited-checks", {}), *own.get("x-unsuited-checks", {})}


def guarded() -> dict[str, Path]:
    """The services that refuse a missing credential by status; the others have tests of their own for it."""
    documents = {name: yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) for name, file in contracts().items()}
    kept = {name for name, document in documents.items() if "ignored_auth" not in unsuited(document)}
    return {name: file for name, file in contracts().items() if name in kept - {"control"}}


@pytest.mark.parametrize(("name", "file"), guarded().items(), ids=guarded())
def test_nobody_is_served_without_credentials(simulators: RunningSimulators, name: str, file: Path) -> None:
    """A valid request that shows none is refused, at every operation that asks for some."""
    document = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    known = present(document, simulators.services[name]["credentials"])
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


def _try(operation: Any, mode: GenerationMode, known: PresentedCredentials, call: dict[str, Any]) -> int:
    """Send requests of a kind; answers how many."""
    count = 0

    @BUDGET
    @given(case=operation.as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:
        nonlocal count
        count += 1
        case.body = known.put_into(case.body)
        case.call_and_validate(headers=known.header, params=known.query, **call)

    # An operation without parameters and body cannot be called wrongly.
    with suppress(Unsatisfiable):
        sent()
    return count
