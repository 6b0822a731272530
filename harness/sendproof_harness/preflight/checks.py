"""All preflight checks, in the order of their dependencies: a problem in one often explains problems in later ones."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sendproof_harness.handover.format import HandoverFile
from sendproof_harness.handover.reader import parse_clients
from sendproof_harness.preflight import bridge_side, message_providers, optimove, recorded_requests
from sendproof_harness.preflight.context import PreflightContext
from sendproof_harness.preflight.http import PreflightClient
from sendproof_harness.preflight.results import PreflightResult
from sendproof_harness.providers import discover


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightCheck:
    """One check: its question, and the method that answers it.

    `before_run`: the check is possible before the bridge runs and before any campaign is planned.
    """

    name: str
    question: str
    method: str
    run: Callable[[PreflightContext], Iterator[PreflightResult]]
    before_run: bool = True


def _credential_operations() -> str:
    providers = (f"{record.title}: {record.preflight.operation}" for record in discover().values() if record.preflight)
    return "; ".join(["Optimove: ApiKeyInfo or GetLastDataUpdate", *providers])


CHECKS = (
    PreflightCheck(
        name="settings",
        question="Does each channel have a unique id, and a provider with a URL?",
        method="the handover file",
        run=bridge_side.check_settings,
    ),
    PreflightCheck(
        name="clock",
        question="Does `clock_url` return the time?",
        method="one request",
        run=bridge_side.check_clock,
    ),
    PreflightCheck(
        name="addresses",
        question="Does each service respond, and is it the expected one?",
        method="a request without credentials, and the form of its refusal",
        run=message_providers.check_addresses,
    ),
    PreflightCheck(
        name="credentials",
        question="Does each service accept its credentials?",
        method=_credential_operations(),
        run=message_providers.check_credentials,
    ),
    PreflightCheck(
        name="access",
        question="Has the key the access type that the bridge needs, and no more?",
        method="ApiKeyInfo",
        run=optimove.check_access_type,
        # A bridge works with too many rights.
        before_run=False,
    ),
    PreflightCheck(
        name="functions",
        question="Are the functions that every bridge needs in the scope of the key?",
        method="ApiKeyInfo",
        run=optimove.check_functions,
    ),
    PreflightCheck(
        name="channels",
        question="Does each channel exist, and is it in the scope of the key?",
        method="GetExecutionChannels and ApiKeyInfo; otherwise GetChannelTemplates",
        run=optimove.check_channels,
    ),
    PreflightCheck(
        name="attributes",
        question="Do the phone and consent attributes exist, and can the key read them?",
        method="GetCustomerAttributeList; otherwise ApiKeyInfo",
        run=optimove.check_attributes,
    ),
    PreflightCheck(
        name="numbers",
        question="Does the phone attribute contain usable phone numbers?",
        method="the customers named with `--customer`; otherwise the newest campaign of the week",
        run=optimove.check_numbers,
        before_run=False,
    ),
    PreflightCheck(
        name="bridge",
        question="Can the bridge's host name be resolved? If a listener is registered there, does the bridge respond?",
        method="a connection",
        run=bridge_side.check_bridge_address,
    ),
    PreflightCheck(
        name="listeners",
        question="Does each channel have a listener, and does each listener respond?",
        method="GetRegisteredEventListeners; OPTIONS to each listener",
        run=bridge_side.check_listeners,
        before_run=False,
    ),
    PreflightCheck(
        name="requests",
        question="Did each service serve the bridge's requests so far as they were meant?",
        method="the near misses in the request log of the sandbox",
        run=recorded_requests.check_recorded_requests,
        before_run=False,
    ),
)


def run_checks(
    handover: HandoverFile, customers: Sequence[str] = (), checks: Iterable[PreflightCheck] = CHECKS
) -> list[tuple[str, PreflightResult]]:
    """Return every result with the name of its check. The checks change nothing at any service."""
    with PreflightClient() as client:
        context = PreflightContext(handover=handover, client=client, customers=customers)
        return [(check.name, result) for check in checks for result in check.run(context)]


def run_checks_for_clients(
    clients: Sequence[HandoverFile], customers: Sequence[str] = ()
) -> list[tuple[str, PreflightResult]]:
    """Return every result of every client; with several clients, each subject begins with the client's name."""
    if len(clients) == 1:
        return run_checks(clients[0], customers)
    return [
        (name, replace(result, subject=f"{handover.client}: {result.subject}"))
        for handover in clients
        for name, result in run_checks(handover, customers)
    ]


def run_checks_before_run(handover: HandoverFile) -> list[PreflightResult]:
    """Return the results of the checks that are possible before the bridge starts."""
    return [result for _, result in run_checks(handover, checks=[check for check in CHECKS if check.before_run])]


def handover_problems(content: Mapping[str, Any]) -> list[str]:
    """Return why no bridge could work with the content of a handover file. Unknown results are not problems."""
    clients = parse_clients(content, "the handover")
    results = [result for client in clients for result in run_checks_before_run(client)]
    return [str(result) for result in results if result.status == "wrong"]
