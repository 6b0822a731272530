"""All examinations, in the order in which they help: what is wrong in one explains what is wrong in those after it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sendproof_scenarios.doctor import platform, providers, surroundings
from sendproof_scenarios.doctor.calls import Calls
from sendproof_scenarios.doctor.handed import Handed
from sendproof_scenarios.doctor.patient import Patient
from sendproof_scenarios.doctor.results import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """One question. `before_a_run`: whether it can be answered before the bridge runs and any campaign was planned."""

    name: str
    examine: Callable[[Patient], Iterator[Result]]
    before_a_run: bool = True


EXAMINATIONS = (
    Examination(name="settings", examine=surroundings.settings),
    Examination(name="clock", examine=surroundings.clock),
    Examination(name="addresses", examine=providers.addresses),
    Examination(name="credentials", examine=providers.credentials),
    Examination(name="functions", examine=platform.functions),
    Examination(name="channels", examine=platform.channels),
    Examination(name="attributes", examine=platform.attributes),
    Examination(name="numbers", examine=platform.numbers, before_a_run=False),
    Examination(name="bridge", examine=surroundings.listen),
    Examination(name="listeners", examine=surroundings.listeners, before_a_run=False),
)


def examine(
    handed: Handed, customers: Sequence[str] = (), examinations: Iterable[Examination] = EXAMINATIONS
) -> list[tuple[str, Result]]:
    """Every result, with the name of its examination. Nothing at any service is changed."""
    with Calls() as calls:
        patient = Patient(handed=handed, calls=calls, customers=customers)
        return [(one.name, result) for one in examinations for result in one.examine(patient)]


def examine_all(clients: Sequence[Handed], customers: Sequence[str] = ()) -> list[tuple[str, Result]]:
    """Every result of every client; where there are several, each says whose it is."""
    if len(clients) == 1:
        return examine(clients[0], customers)
    return [
        (name, replace(result, about=f"{handed.client}: {result.about}"))
        for handed in clients
        for name, result in examine(handed, customers)
    ]


def before_a_run(handed: Handed) -> list[Result]:
    """What can be known before the bridge is started."""
    return [result for _, result in examine(handed, examinations=[one for one in EXAMINATIONS if one.before_a_run])]
