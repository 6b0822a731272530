"""Schemathesis against the running simulators: responses to all requests keep the contracts."""

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
from fuzzing import BUDGET, PATIENCE_S
from running import RunningSimulators, running_simulators
from sendproof_simulators.services.discovery import CONTRACTS, contract_file, discover
from sendproof_simulators.services.optimove_metrics.signing import SIGNATURE_HEADER, sign

# The statuses of a refusal. Schemathesis does not expect 413, but a body can be invalid by its size alone.
REFUSALS = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]
CONFIG = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})
# These operations wait until time has passed.
WAITING = ("/clock/park", "/clock/advance")

log = logging.getLogger(__name__)


class Signature(requests.auth.AuthBase):
    """Signs each request, so that the service reads it."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._token = credentials["tenant_token"]

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        request.headers[SIGNATURE_HEADER] = sign(body.encode() if isinstance(body, str) else body, self._token)
        return request


SIGNED = {"optimove-metrics": Signature}


@pytest.fixture(scope="module")
def simulators() -> Iterator[RunningSimulators]:
    """Start simulators of their own, because the tests send many requests."""
    with running_simulators() as running:
        yield running


def contracts() -> dict[str, Path]:
    """Return the contract files of all services and of the control API."""
    services = {name: contract_file(simulator) for name, simulator in discover().items()}
    return {**services, "control": CONTRACTS / "control.yaml"}


# They have most of the operations.
LONG = dict.fromkeys(("control", "optimove", "textlocal"), pytest.mark.slow)


@pytest.mark.parametrize(
    ("name", "file"), [pytest.param(*item, id=item[0], marks=LONG.get(item[0], ())) for item in contracts().items()]
)
def test_responses_keep_the_contract(simulators: RunningSimulators, name: str, file: Path) -> None:
    """Valid and invalid requests to all operations: no 500, no undocumented status, no body outside its schema."""
    sandbox = simulators.call("POST", "/sandboxes", {"seed": 5, "rate_limits": False, "allow_remote_webhooks": True})
    service = sandbox["services"].get(name, {"url": simulators.control, "credentials": {}})
    load_all_checks()
    document = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    known = present(document, service["credentials"])
    call = {"base_url": service["url"], "auth": SIGNED[name](service["credentials"]) if name in SIGNED else None}
    schema = schemathesis.openapi.from_dict(without_credentials(document, known), config=CONFIG)
    operations = [result.ok() for result in schema.get_all_operations() if not result.ok().path.endswith(WAITING)]
    sent = 0
    for operation in operations:
        call["excluded_checks"] = [CHECKS.get_one(check) for check in sorted(unsuited(document, operation))]
        sent += sum(_send_generated(operation, mode, known, call) for mode in GenerationMode)
    log.info("%s: %s operations, %s requests, no failure", name, len(operations), f"{sent:,}")


def unsuited(document: dict[str, Any], operation: Any = None) -> set[str]:
    """Return the checks that are unsuited to a service or to one operation; the contract names the reasons."""
    own = {} if operation is None else document["paths"][operation.path][operation.method]
    return {*document.get("x-unsuited-checks", {}), *own.get("x-unsuited-checks", {})}


def with_auth_status() -> dict[str, Path]:
    """Return the services that refuse a missing credential with a status; the others have tests of their own."""
    documents = {name: yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader) for name, file in contracts().items()}
    kept = {name for name, document in documents.items() if "ignored_auth" not in unsuited(document)}
    return {name: file for name, file in contracts().items() if name in kept - {"control"}}


WITH_AUTH_STATUS = with_auth_status()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "file"), WITH_AUTH_STATUS.items(), ids=WITH_AUTH_STATUS)
def test_request_without_credentials_is_refused(simulators: RunningSimulators, name: str, file: Path) -> None:
    document = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    known = present(document, simulators.services[name]["credentials"])
    # A config of its own: schemathesis.toml would put a valid credential into the body.
    schema = schemathesis.openapi.from_dict(without_credentials(document, known), config=SchemathesisConfig())
    for operation in schema.get_all_operations():
        valid = operation.ok()
        if document["paths"][valid.path][valid.method].get("security") != []:
            _send_without_credentials(valid, simulators.services[name]["url"])


def _send_without_credentials(operation: Any, url: str) -> None:
    @settings(BUDGET, max_examples=2)
    @given(case=operation.as_strategy())
    def sent(case: Any) -> None:
        # 404: a generated value can contain a slash, and then changes the path.
        assert case.call(base_url=url, timeout=PATIENCE_S).status_code in {400, 401, 403, 404}

    sent()


def _send_generated(operation: Any, mode: GenerationMode, known: PresentedCredentials, call: dict[str, Any]) -> int:
    """Send generated requests of one mode; return their number."""
    count = 0

    @BUDGET
    @given(case=operation.as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:
        nonlocal count
        count += 1
        case.body = known.put_into(case.body)
        case.call_and_validate(headers=known.header, params=known.query, timeout=PATIENCE_S, **call)

    # An operation without parameters and body has no invalid requests.
    with suppress(Unsatisfiable):
        sent()
    return count
