"""All examinations, in the order in which they help: what is wrong in one explains what is wrong in those after it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sendproof_harness.handover.format import HandoverFile
from sendproof_harness.handover.reader import parse_clients
from sendproof_harness.preflight import bridge_side, message_providers, optimove
from sendproof_harness.preflight.context import PreflightContext
from sendproof_harness.preflight.http import PreflightClient
from sendproof_harness.preflight.results import PreflightResult
from sendproof_harness.providers import discover


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightCheck:
    """One question, and how it is answered.

    `before_run`: whether it can be answered before the bridge runs and any campaign was planned.
    """

    name: str
    question: str
    how: str
    run: Callable[[PreflightContext], Iterator[PreflightResult]]
    before_run: bool = True


def _credential_probes() -> Iterator[str]:
    for record in discover().values():
        if record.preflight is not None:
            yield f"{record.title}: {record.preflight.operation}"


CHECKS = (
    PreflightCheck(
        name="settings",
        question="Has each channel an id of its own, and a provider with an address?",
        how="in the file",
        run=bridge_side.settings,
    ),
    PreflightCheck(
        name="clock",
        question="Does `clock_url` tell the time?",
        how="one call",
        run=bridge_side.clock,
    ),
    PreflightCheck(
        name="addresses",
        question="Does each service answer, and is it the one it is said to be?",
        how="a call without credentials, and the form of its refusal",
        run=message_providers.addresses,
    ),
    PreflightCheck(
        name="credentials",
        question="Does each service take what it is shown?",
        how="; ".join(["Optimove: ApiKeyInfo or GetLastDataUpdate", *_credential_probes()]),
        run=message_providers.credentials,
    ),
    PreflightCheck(
        name="functions",
        question="Are the functions that every bridge needs in the scope of the key?",
        how="ApiKeyInfo",
        run=optimove.functions,
    ),
    PreflightCheck(
        name="channels",
        question="Does each channel exist, and is it in the scope of the key?",
        how="GetExecutionChannels, ApiKeyInfo, else GetChannelTemplates",
        run=optimove.channels,
    ),
    PreflightCheck(
        name="attributes",
        question="Are the phone attribute and the consent attribute there, and may the key see them?",
        how="GetCustomerAttributeList, else ApiKeyInfo",
        run=optimove.attributes,
    ),
    PreflightCheck(
        name="numbers",
        question="Does the phone attribute hold numbers that can be sent to?",
        how="of the customers named with `--customer`, else of the newest campaign of the week",
        run=optimove.numbers,
        before_run=False,
    ),
    PreflightCheck(
        name="bridge",
        question="Has the bridge's address a name that is known? Does it answer, if a listener is registered there?",
        how="a connection",
        run=bridge_side.listen,
    ),
    PreflightCheck(
        name="listeners",
        question="Has each channel its listener, and does each listener answer?",
        how="GetRegisteredEventListeners; OPTIONS to each",
        run=bridge_side.listeners,
        before_run=False,
    ),
)


def run_checks(
    handed: HandoverFile, customers: Sequence[str] = (), examinations: Iterable[PreflightCheck] = CHECKS
) -> list[tuple[str, PreflightResult]]:
    """Every result, with the name of its examination. Nothing at any service is changed."""
    with PreflightClient() as calls:
        patient = PreflightContext(handed=handed, calls=calls, customers=customers)
        return [(one.name, result) for one in examinations for result in one.run(patient)]


def run_checks_for_clients(
    clients: Sequence[HandoverFile], customers: Sequence[str] = ()
) -> list[tuple[str, PreflightResult]]:
    """Every result of every client; where there are several, each says whose it is."""
    if len(clients) == 1:
        return run_checks(clients[0], customers)
    return [
        (name, replace(result, about=f"{handed.client}: {result.about}"))
        for handed in clients
        for name, result in run_checks(handed, customers)
    ]


def run_checks_before_run(handed: HandoverFile) -> list[PreflightResult]:
    """What can be known before the bridge is started."""
    return [result for _, result in run_checks(handed, examinations=[one for one in CHECKS if one.before_run])]


def handover_problems(content: Mapping[str, Any]) -> list[str]:
    """Return why no bridge could work with a handover; checks without a result report nothing."""
    clients = parse_clients(content, "the handover")
    results = [result for client in clients for result in run_checks_before_run(client)]
    return [str(result) for result in results if result.standing == "wrong"]
