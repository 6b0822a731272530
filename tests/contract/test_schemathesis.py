"""Schemathesis against the running simulators: whatever is sent, the answers keep to the contracts."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from running import RunningSimulators, running_simulators
from sendproof_simulators.app import CONTRACTS
from sendproof_simulators.provider import contract_file, discover
from showing import Shown, shown

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
    schema = schemathesis.openapi.from_path(file)
    known = shown(schema.raw_schema, service["credentials"])
    # A contract may say by itself which checks do not suit its service, and why.
    unsuited = {*NOT_FOR.get(name, ()), *schema.raw_schema.get("x-unsuited-checks", {})}
    excluded = [CHECKS.get_one(check) for check in sorted(unsuited)]
    for operation in schema.get_all_operations():
        for mode in GenerationMode:
            _try(operation.ok(), mode, known, base_url=service["url"], excluded_checks=excluded)


def _try(operation: Any, mode: GenerationMode, known: Shown, **call: Any) -> None:
    @BUDGET
    @given(case=operation.as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:
        if not case.path.endswith(("/clock/park", "/clock/advance")):
            # What is wrong without a credential is right with it, and it is sent with it.
            assume(mode.is_positive or all(name in (case.headers or {}) for name in known.header))
            case.body = known.within(case.body)
            case.call_and_validate(headers=known.header, params=known.query, **call)

    # An operation without parameters and body cannot be called wrongly.
    with suppress(Unsatisfiable):
        sent()
