"""All examinations, in the order in which they help: what is wrong in one explains what is wrong in those after it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sendproof_harness.handover.format import HandoverFile
from sendproof_harness.handover.reader import parse_clients
from sendproof_harness.preflight import bridge_side, message_providers, optimove
from sendproof_harness.preflight.context import PreflightContext
from sendproof_harness.preflight.http import Calls
from sendproof_harness.preflight.results import Result
from sendproof_harness.providers import discover


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """One question, and how it is answered.

    `before_a_run`: whether it can be answered before the bridge runs and any campaign was planned.
    """

    name: str
    question: str
    how: str
    examine: Callable[[PreflightContext], Iterator[Result]]
    before_a_run: bool = True


def _credential_probes() -> Iterator[str]:
    for record in discover().values():
        if record.preflight is not None:
            yield f"{record.title}: {record.preflight.operation}"


EXAMINATIONS = (
    Examination(
        name="settings",
        question="Has each channel an id of its own, and a provider with an address?",
        how="in the file",
        examine=bridge_side.settings,
    ),
    Examination(
        name="clock",
        question="Does `clock_url` tell the time?",
        how="one call",
        examine=bridge_side.clock,
    ),
    Examination(
        name="addresses",
        question="Does each service answer, and is it the one it is said to be?",
        how="a call without credentials, and the form of its refusal",
        examine=message_providers.addresses,
    ),
    Examination(
        name="credentials",
        question="Does each service take what it is shown?",
        how="; ".join(["Optimove: ApiKeyInfo or GetLastDataUpdate", *_credential_probes()]),
        examine=message_providers.credentials,
    ),
    Examination(
        name="functions",
        question="Are the functions that every bridge needs in the scope of the key?",
        how="ApiKeyInfo",
        examine=optimove.functions,
    ),
    Examination(
        name="channels",
        question="Does each channel exist, and is it in the scope of the key?",
        how="GetExecutionChannels, ApiKeyInfo, else GetChannelTemplates",
        examine=optimove.channels,
    ),
    Examination(
        name="attributes",
        question="Are the phone attribute and the consent attribute there, and may the key see them?",
        how="GetCustomerAttributeList, else ApiKeyInfo",
        examine=optimove.attributes,
    ),
    Examination(
        name="numbers",
        question="Does the phone attribute hold numbers that can be sent to?",
        how="of the customers named with `--customer`, else of the newest campaign of the week",
        examine=optimove.numbers,
        before_a_run=False,
    ),
    Examination(
        name="bridge",
        question="Has the bridge's address a name that is known? Does it answer, if a listener is registered there?",
        how="a connection",
        examine=bridge_side.listen,
    ),
    Examination(
        name="listeners",
        question="Has each channel its listener, and does each listener answer?",
        how="GetRegisteredEventListeners; OPTIONS to each",
        examine=bridge_side.listeners,
        before_a_run=False,
    ),
)


def examine(
    handed: HandoverFile, customers: Sequence[str] = (), examinations: Iterable[Examination] = EXAMINATIONS
) -> list[tuple[str, Result]]:
    """Every result, with the name of its examination. Nothing at any service is changed."""
    with Calls() as calls:
        patient = PreflightContext(handed=handed, calls=calls, customers=customers)
        return [(one.name, result) for one in examinations for result in one.examine(patient)]


def examine_all(clients: Sequence[HandoverFile], customers: Sequence[str] = ()) -> list[tuple[str, Result]]:
    """Every result of every client; where there are several, each says whose it is."""
    if len(clients) == 1:
        return examine(clients[0], customers)
    return [
        (name, replace(result, about=f"{handed.client}: {result.about}"))
        for handed in clients
        for name, result in examine(handed, customers)
    ]


def before_a_run(handed: HandoverFile) -> list[Result]:
    """What can be known before the bridge is started."""
    return [result for _, result in examine(handed, examinations=[one for one in EXAMINATIONS if one.before_a_run])]


def handover_problems(content: Mapping[str, Any]) -> list[str]:
    """Return why no bridge could work with a handover; checks without a result report nothing."""
    clients = parse_clients(content, "the handover")
    results = [result for client in clients for result in before_a_run(client)]
    return [str(result) for result in results if result.standing == "wrong"]
