"""A failure of the simulator itself: a response in the service's own form, an entry in the journal, and a violation."""

import asyncio
import json
from dataclasses import replace
from typing import Any

from instants import SIX, StillWallClock
from sendproof_simulators.core.audience.audience import AudienceRecipe
from sendproof_simulators.core.clock.costly_work import COSTLY_S
from sendproof_simulators.core.clock.wall_clock import processor_s
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.sandbox import SandboxSettings
from sendproof_simulators.core.sandboxes import DEFAULT, Sandboxes
from sendproof_simulators.core.strict.watch import Watch
from sendproof_simulators.core.webhooks.sender import WebhookSender
from sendproof_simulators.server.pipeline import ServicePipeline
from sendproof_simulators.services.discovery import discover, service_contracts

REQUEST = Request(method="GET", path="/templates", headers={"x-api-key": "sendproof-delivyr-key"})
FAILURE = "the simulator failed: LookupError: a defect"
SETTINGS = SandboxSettings(
    name=DEFAULT, seed=1, start=SIX, rate=None, audience=AudienceRecipe(customers=1), channels=(), strict=True
)


def broken(*_: object) -> Any:
    """Fail, as a defect of a simulator would."""
    raise LookupError("a defect")


def service_with(wall: StillWallClock | None = None, **functions: Any) -> ServicePipeline:
    """Return Delivyr in strict mode with other functions."""
    simulator, contracts = replace(discover()["delivyr"], **functions), service_contracts()
    watch = Watch(contracts, everywhere=True)
    sandboxes = Sandboxes({"delivyr": simulator}, contracts, wall or StillWallClock(), WebhookSender(), watch)
    sandboxes.create(SETTINGS)
    return ServicePipeline(simulator, contracts["delivyr"], sandboxes)


def respond(service: ServicePipeline, request: Request = REQUEST) -> Response:
    """Send one request."""
    return asyncio.run(service.respond(request))


def journal(service: ServicePipeline) -> list[dict[str, Any]]:
    """Return the journal of the sandbox."""
    return [json.loads(line) for line in service.sandboxes.get(DEFAULT).journal.lines()]


def test_failure_in_a_stage_is_in_the_journal_and_a_violation() -> None:
    service = service_with(authorize=broken)
    response = respond(service)
    request, violation = journal(service)[-2:]
    assert (response.status, FAILURE in response.body.decode()) == (500, True)
    assert (request["kind"], request["status"], violation["kind"]) == ("request", 500, "contract_violation")
    assert violation["violations"] == [{"where": "status", "rule": "failure", "message": FAILURE}]
    assert [FAILURE in text for text in service.sandboxes.watch.found] == [True]


def test_failure_before_the_sandbox_is_known_has_the_same_form() -> None:
    service = service_with(normalise=broken)
    response = respond(service)
    assert (response.status, response.content_type) == (500, respond(service_with(authorize=broken)).content_type)
    assert [(entry["path"], entry["status"]) for entry in service.unauthenticated] == [("/templates", 500)]
    assert [FAILURE in text for text in service.sandboxes.watch.found] == [True]


def test_clock_of_the_machine_that_is_set_moves_no_request_without_a_credential() -> None:
    """The journals have the steady time, too, so a log can order both."""
    wall = StillWallClock(seconds=6.0, changed=-86_400.0)
    service = service_with(wall=wall)
    respond(service, replace(REQUEST, headers={}))
    assert [entry["real"] for entry in service.unauthenticated] == [6.0]


def test_failure_of_the_error_form_is_plain_text() -> None:
    service = service_with(authorize=broken, error=broken)
    response = respond(service)
    assert (response.status, response.body.decode(), journal(service)[-2]["status"]) == (500, FAILURE, 500)


def test_failure_without_strict_mode_is_no_violation() -> None:
    service = service_with(normalise=broken)
    service.sandboxes.watch.everywhere = False
    assert (respond(service).status, dict(service.sandboxes.watch.found)) == (500, {})


def costly(*arguments: Any) -> Any:
    """Need as much of the processor as a page of many customers."""
    begin = processor_s()
    while processor_s() < begin + 2 * COSTLY_S:
        pass
    return discover()["delivyr"].authorize(*arguments)


def test_request_whose_sandbox_is_replaced_while_it_waits_for_its_turn_reaches_the_new_one() -> None:
    service = service_with(authorize=costly)
    respond(service)
    old = service.sandboxes.get(DEFAULT)

    async def with_reset() -> None:
        await asyncio.gather(service.respond(REQUEST), service.sandboxes.reset(DEFAULT))

    asyncio.run(with_reset())
    assert (old.journal.counts["request"], service.sandboxes.get(DEFAULT).journal.counts["request"]) == (1, 1)


def test_request_whose_sandbox_is_deleted_while_it_waits_has_an_unknown_credential() -> None:
    service = service_with(authorize=costly)
    respond(service)

    async def with_deletion() -> Response:
        response, _ = await asyncio.gather(service.respond(REQUEST), service.sandboxes.delete(DEFAULT))
        return response

    assert asyncio.run(with_deletion()).status == 401
    assert [entry["credential"] for entry in service.unauthenticated] == ["unknown"]
